#include "agent/noded/kubelet/kubelet_trouble.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/config/documents.hpp"
#include "agent/noded/machine/machine.hpp"
#include "agent/noded/step/cri.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"
#include "agent/noded/systemd/journal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <ranges>

namespace kagent::noded {
namespace asio = boost::asio;

namespace {

constexpr char unit[] = "kubelet.service";

nlohmann::json configuration(const Context& context) {
  const auto text = read_file(context.at(kubelet_config));
  if (!text) return {};
  const auto documents = config::parse_documents(*text);
  if (!documents || documents->empty() || !documents->front().is_object()) return {};
  return documents->front();
}

bool is_klog_error(std::string_view line) {
  return line.size() > 5 && (line[0] == 'E' || line[0] == 'F') &&
         std::ranges::all_of(line.substr(1, 4),
                             [](unsigned char c) { return std::isdigit(c) != 0; });
}

asio::awaitable<std::optional<std::string>> stopped_runtime(ContextPtr context) {
  for (const std::string& name : runtime_units(*context)) {
    auto state = co_await context->units->state(name);
    if (state && state->active != "active") co_return name;
  }
  co_return std::nullopt;
}

}  // namespace

std::optional<Failure> kubelet_misfit(const Context& context) {
  const auto config = configuration(context);
  if (!config.is_object()) return {};
  // The runtime step sets containerd's driver to systemd, but kubelet's own default is cgroupfs.
  const auto driver = config.value("cgroupDriver", "cgroupfs");
  if (driver != "systemd")
    return Failure(
        "kubelet.cgroup-driver-mismatch",
        fmt::format("kubelet's cgroup driver is {}, the container runtime's is systemd", driver),
        fmt::format(
            "Say cgroupDriver: systemd in kubeadm.documents and in {}, and restart kubelet.",
            kubelet_config));
  const auto swaps = read_file(context.at("/proc/swaps"));
  if (swaps && config.value("failSwapOn", true))
    if (const auto on = machine::swaps(*swaps); !on.empty())
      return Failure("kubelet.swap",
                     fmt::format("kubelet does not start with swap on: {}", fmt::join(on, ", ")),
                     "Turn it off by `swapoff -a`; or say failSwapOn: false in kubeadm.documents.");
  return {};
}

asio::awaitable<std::optional<Failure>> kubelet_trouble(ContextPtr context) {
  if (!context->exists(kubelet_config)) co_return std::nullopt;
  auto misfit = kubelet_misfit(*context);
  auto state = co_await context->units->state(unit);
  const bool crashes = state && (state->sub == "auto-restart" || state->active == "failed");
  if (misfit || !crashes) co_return misfit;
  Failure trouble;
  trouble.journal = journal::last_run(unit, 20);
  const std::string line = last_klog_error(trouble.journal);
  trouble.id = Cause("kubelet.crashing");
  trouble.message = "kubelet does not stay up" + (line.empty() ? std::string() : ": " + line);
  trouble.remedy = "See `journalctl -u kubelet` on the node.";
  if (auto missing = co_await stopped_runtime(context)) {
    trouble.id = Cause("kubelet.no-runtime");
    trouble.message = fmt::format("kubelet does not stay up: {} does not run", *missing);
    trouble.remedy = fmt::format("See `systemctl status {}` on the node.", *missing);
  }
  co_return trouble;
}

std::string last_klog_error(const std::vector<std::string>& lines) {
  for (const std::string& line : std::views::reverse(lines)) {
    if (!is_klog_error(line)) continue;
    const auto end = line.find("] ");
    return end == std::string::npos ? line : line.substr(end + 2);
  }
  return {};
}

}  // namespace kagent::noded
