#include "agent/common/base/file.hpp"
#include "agent/noded/machine/machine.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/outcome.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kagent::noded {
namespace asio = boost::asio;

namespace {

const FileWant modules_file{
    "/etc/modules-load.d/kagent.conf",
    "# kagent: containerd's snapshots and Kubernetes' Services need these.\n"
    "overlay\nbr_netfilter\n"};

// Looks for a module's effect: modprobe also fails if the module is built into the kernel.
std::vector<std::string> missing_modules(const Context& context) {
  std::vector<std::string> missing;
  const auto filesystems = read_file(context.at("/proc/filesystems"));
  if (!filesystems || !machine::has_filesystem(*filesystems, "overlay"))
    missing.emplace_back("overlay");
  if (!context.exists("/proc/sys/net/bridge") && !context.exists("/sys/module/br_netfilter"))
    missing.emplace_back("br_netfilter");
  return missing;
}

class Modules final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "modules"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    if (differs(*context, modules_file)) found.need("write " + modules_file.path);
    for (const auto& module : missing_modules(*context)) found.need("load kernel module " + module);
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    if (differs(*context, modules_file))
      if (auto written = write_in_place(*context, modules_file); !written)
        co_return failed(name(), written.error());
    if (missing_modules(*context).empty()) co_return succeeded();
    auto restarted = co_await context->units->job(Verb::restart, "systemd-modules-load.service");
    const auto missing = missing_modules(*context);
    if (missing.empty()) co_return succeeded();
    co_return failed(
        "modules.missing",
        fmt::format("kernel module(s) {} could not be loaded{}", fmt::join(missing, ", "),
                    restarted ? std::string{} : ": " + restarted.error().message()),
        "Boot a kernel that has them (package linux-modules-extra on some images).");
  }
};

}  // namespace

std::unique_ptr<Step> make_modules() {
  return std::make_unique<Modules>();
}

}  // namespace kagent::noded
