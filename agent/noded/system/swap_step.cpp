#include "agent/common/base/file.hpp"
#include "agent/common/config/documents.hpp"
#include "agent/noded/machine/machine.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/outcome.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace kagent::noded {
namespace asio = boost::asio;

namespace {

constexpr char fstab_path[] = "/etc/fstab";
constexpr char fstab_backup[] = "/etc/fstab.kagent-orig";

std::vector<std::string> swaps_in_use(const Context& context) {
  const auto text = read_file(context.at("/proc/swaps"));
  return text ? machine::swaps(*text) : std::vector<std::string>{};
}

machine::Fstab new_fstab(const Context& context) {
  const auto text = read_file(context.at(fstab_path));
  return text ? machine::without_swap(*text) : machine::Fstab{};
}

Result<> rewrite_fstab(const Context& context) {
  const auto fstab = new_fstab(context);
  if (fstab.swap_lines == 0) return {};
  if (!context.exists(fstab_backup)) {
    const auto original = read_file(context.at(fstab_path));
    if (!original) return original.error();
    if (auto kept = write_in_place(context, {fstab_backup, *original, 0644}); !kept) return kept;
  }
  return write_in_place(context, {fstab_path, fstab.text, 0644});
}

// Services that create swap at boot: Debian's zram-tools, Ubuntu's zram-config.
constexpr std::array<const char*, 2> swap_services{"zramswap.service", "zram-config.service"};

// Units that would turn swap on again at the next boot. They come from /etc/fstab, zram-generator
// or the discovery of GPT partitions.
asio::awaitable<Result<std::vector<std::string>>> returning(ContextPtr context) {
  std::vector<std::string> found;
  auto wanted = co_await context->units->dependencies("swap.target");
  if (!wanted) co_return wanted.error();
  for (const std::string& unit : *wanted) {
    if (!unit.ends_with(".swap")) continue;
    auto state = co_await context->units->state(unit);
    if (!state) co_return state.error();
    if (state->load == "loaded") found.push_back(unit);
  }
  for (const std::string service : swap_services) {
    auto state = co_await context->units->state(service);
    if (state && state->file == "enabled") found.push_back(service);
  }
  co_return found;
}

// The ClusterConfig may allow swap, either for kubelet or for kubeadm's check.
Result<bool> is_wanted(const Context& context) {
  const auto& ignored = context.cluster.ignore_preflight_errors();
  const auto is_swap = [](const std::string& name) { return name == "Swap" || name == "swap"; };
  if (std::ranges::any_of(ignored, is_swap)) return true;
  const auto documents = config::parse_documents(context.cluster.kubeadm().documents());
  if (!documents) return documents.error().context("ClusterConfig, kubeadm.documents");
  return std::ranges::any_of(*documents, [](const nlohmann::json& document) {
    return document.is_object() && document.value("kind", "") == "KubeletConfiguration" &&
           document.value("failSwapOn", nlohmann::json()) == false;
  });
}

// kubelet does not start while swap is on (its failSwapOn), so swap must stay off after a reboot
// too.
class Swap final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "swap"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    const auto wanted = is_wanted(*context);
    if (!wanted) co_return wanted.error();
    if (*wanted) co_return found;
    for (const auto& device : swaps_in_use(*context)) found.need("turn swap off on " + device);
    if (const auto fstab = new_fstab(*context); fstab.swap_lines > 0)
      found.need(fmt::format("comment out {} swap line(s) in {}", fstab.swap_lines, fstab_path));
    auto units = co_await returning(context);
    if (!units) co_return units.error();
    for (const auto& unit : *units)
      found.need("stop and mask " + unit + ", which would bring swap back at the next boot");
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    if (auto written = rewrite_fstab(*context); !written) co_return failed(name(), written.error());
    auto units = co_await returning(context);
    if (!units) co_return failed(name(), units.error());
    auto active = co_await context->units->loaded("*.swap");
    if (!active) co_return failed(name(), active.error());
    std::set<std::string> all(units->begin(), units->end());
    all.insert(active->begin(), active->end());
    for (const std::string& unit : all) {
      auto stopped = co_await context->units->job(Verb::stop, unit);
      if (!stopped) co_return failed("swap.still-on", stopped.error().message(), remedy);
      auto masked = co_await context->units->mask(unit);
      if (!masked) co_return failed("swap.not-masked", masked.error().message(), mask_remedy);
    }
    if (const auto left = swaps_in_use(*context); !left.empty())
      co_return failed("swap.still-on", fmt::format("swap is still on: {}", fmt::join(left, ", ")),
                       remedy);
    co_return succeeded();
  }

 private:
  static constexpr char mask_remedy[] =
      "Disable it, or remove its unit file from /etc/systemd/system.";
  static constexpr char remedy[] = "Run `swapoff -a`. It fails if too little memory is free.";
};

}  // namespace

std::unique_ptr<Step> make_swap() {
  return std::make_unique<Swap>();
}

}  // namespace kagent::noded
