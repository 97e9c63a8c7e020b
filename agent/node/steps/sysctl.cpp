#include "agent/node/steps/common.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace kagent::node {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct Setting {
  const char* name;
  const char* file;
};
// What kubeadm's preflight asks for; all of them 1.
constexpr std::array settings{
    Setting{"net.bridge.bridge-nf-call-iptables", "/proc/sys/net/bridge/bridge-nf-call-iptables"},
    Setting{"net.bridge.bridge-nf-call-ip6tables", "/proc/sys/net/bridge/bridge-nf-call-ip6tables"},
    Setting{"net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"},
};

FileWant sysctl_file() {
  std::string text =
      "# kagent: kube-proxy and the CNI see bridged traffic, and the node forwards.\n";
  for (const Setting& setting : settings) text += fmt::format("{} = 1\n", setting.name);
  return {"/etc/sysctl.d/99-kagent.conf", text};
}

class Sysctl final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "sysctl"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    if (const auto file = sysctl_file(); differs(*context, file)) found.need("write " + file.path);
    auto wrong = co_await wrong_settings(context);
    if (!wrong) co_return wrong.error();
    for (const auto& setting : *wrong) found.need("set " + setting + " = 1");
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    if (const auto file = sysctl_file(); differs(*context, file))
      if (auto written = write_in_place(*context, file); !written)
        co_return failed(name(), written.error());
    auto wrong = co_await wrong_settings(context);
    if (!wrong) co_return failed(name(), wrong.error());
    if (wrong->empty()) co_return succeeded();
    // Its result is not ours to judge: another setting of the image's may have failed.
    auto restarted = co_await context->units->job(Verb::restart, "systemd-sysctl.service");
    auto left = co_await wrong_settings(context);
    if (!left) co_return failed(name(), left.error());
    if (left->empty()) co_return succeeded();
    co_return failed(
        "sysctl.not-set",
        fmt::format("{} could not be set to 1{}", fmt::join(*left, ", "),
                    restarted ? std::string{} : ": " + restarted.error().message()),
        "See `systemctl status systemd-sysctl`; a later file in sysctl.d may set it back.");
  }

 private:
  // Read by a unit: noded has a network namespace of its own, whose settings are not the node's.
  static asio::awaitable<Result<std::vector<std::string>>> wrong_settings(ContextPtr context) {
    Command::Argv argv{"head", "-n1", "-q"};
    for (const Setting& setting : settings) argv.emplace_back(setting.file);
    Command command = Command::capturing(unit_name("sysctl", "read"), std::move(argv), 10s);
    auto run = co_await context->units->run(std::move(command));
    if (!run) co_return run.error();
    std::vector<std::string> wrong;
    const auto values = lines_of(run->output);
    for (std::size_t n = 0; n < settings.size(); ++n)
      if (values.size() != settings.size() || values[n] != "1")
        wrong.emplace_back(settings[n].name);
    co_return wrong;
  }
};

}  // namespace

std::unique_ptr<Step> make_sysctl() {
  return std::make_unique<Sysctl>();
}

}  // namespace kagent::node
