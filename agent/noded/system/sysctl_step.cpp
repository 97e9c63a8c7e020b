#include "agent/common/base/file.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/step/programs.hpp"
#include "agent/noded/system/sysctl_files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct Setting {
  const char* name;
  const char* file;
};
// Settings that kubeadm's preflight wants to be 1.
constexpr std::array settings{
    Setting{"net.bridge.bridge-nf-call-iptables", "/proc/sys/net/bridge/bridge-nf-call-iptables"},
    Setting{"net.bridge.bridge-nf-call-ip6tables", "/proc/sys/net/bridge/bridge-nf-call-ip6tables"},
    Setting{"net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"},
};
// Needed as well if a range or the node's address is IPv6. kubeadm checks `default`; `all` changes
// existing interfaces.
constexpr std::array settings_of_ipv6{
    Setting{"net.ipv6.conf.default.forwarding", "/proc/sys/net/ipv6/conf/default/forwarding"},
    Setting{"net.ipv6.conf.all.forwarding", "/proc/sys/net/ipv6/conf/all/forwarding"},
};

std::vector<Setting> settings_for(const Context& context) {
  std::vector<Setting> wanted(settings.begin(), settings.end());
  for (const auto& text :
       {context.cluster.pod_cidr(), context.cluster.service_cidr(), context.node.node_ip()})
    if (text.find(':') != std::string::npos) {
      wanted.insert(wanted.end(), settings_of_ipv6.begin(), settings_of_ipv6.end());
      break;
    }
  return wanted;
}

// Sorts late: Debian's link to /etc/sysctl.conf is called 99-sysctl.conf.
constexpr char ours[] = "/etc/sysctl.d/99-zz-kagent.conf";

FileWant sysctl_file(const Context& context) {
  std::string text =
      "# kagent: kube-proxy and the CNI see bridged traffic, and the node forwards.\n";
  for (const Setting& setting : settings_for(context))
    text += fmt::format("{} = 1\n", setting.name);
  return {ours, text};
}

std::vector<SysctlFile> files_of(const Context& context) {
  const std::vector<std::string> folders{"/etc/sysctl.d", "/run/sysctl.d",
                                         "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d",
                                         "/lib/sysctl.d"};
  std::vector<std::string> paths;
  for (const std::string& folder : folders) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(context.at(folder), ignored))
      paths.push_back(folder + "/" + entry.path().filename().string());
  }
  std::vector<SysctlFile> files;
  for (const std::string& path : sysctl_order(paths, folders))
    if (auto text = read_file(context.at(path))) files.push_back({path, std::move(*text)});
  return files;
}

// Settings that a file after ours changes back, such as "/etc/sysctl.d/zz.conf:
// net.ipv4.ip_forward=0".
std::vector<std::string> overrides(const Context& context) {
  std::vector<SysctlFile> files = files_of(context);
  // Before apply our file does not exist yet, so its place follows from its name.
  if (!context.exists(ours)) {
    const auto place = std::ranges::find_if(files, [](const SysctlFile& file) {
      return std::filesystem::path(file.path).filename() > std::filesystem::path(ours).filename();
    });
    files.insert(place, {ours, {}});
  }
  std::vector<std::string> found;
  for (const Setting& setting : settings_for(context))
    if (const auto other = overridden_by(files, ours, setting.name, "1"))
      found.push_back(other->path + ": " + other->line);
  return found;
}

class Sysctl final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "sysctl"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    if (const auto file = sysctl_file(*context); differs(*context, file))
      found.need("write " + file.path);
    auto wrong = co_await wrong_settings(context);
    if (!wrong) co_return wrong.error();
    for (const auto& setting : *wrong) found.need("set " + setting + " = 1");
    for (const auto& other : overrides(*context))
      found.need("remove what overrides " + std::string(ours) + ": " + other);
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    if (const auto file = sysctl_file(*context); differs(*context, file))
      if (auto written = write_in_place(*context, file); !written)
        co_return failed(name(), written.error());
    // The setting would be back at the next boot, even if it is right now.
    if (const auto others = overrides(*context); !others.empty())
      co_return failed(
          "sysctl.overridden",
          fmt::format("another file overrides what Kubernetes needs: {}", fmt::join(others, "; ")),
          "Remove the line from that file, in the machine image too.");
    auto wrong = co_await wrong_settings(context);
    if (!wrong) co_return failed(name(), wrong.error());
    if (wrong->empty()) co_return succeeded();
    // The job's result is ignored, since an unrelated setting of the image may have failed.
    auto restarted = co_await context->units->job(Verb::restart, "systemd-sysctl.service");
    auto left = co_await wrong_settings(context);
    if (!left) co_return failed(name(), left.error());
    if (left->empty()) co_return succeeded();
    co_return failed("sysctl.not-set",
                     fmt::format("{} could not be set to 1{}", fmt::join(*left, ", "),
                                 restarted ? std::string{} : ": " + restarted.error().message()),
                     "See `systemctl status systemd-sysctl`.");
  }

 private:
  // A unit must read the settings: those of noded's own network namespace differ from the node's.
  static asio::awaitable<Result<std::vector<std::string>>> wrong_settings(ContextPtr context) {
    Command::Argv argv{"head", "-n1", "-q"};
    const auto wanted = settings_for(*context);
    for (const Setting& setting : wanted) argv.emplace_back(setting.file);
    Command command = Command::capturing(unit_name("sysctl", "read"), std::move(argv), 10s);
    auto run = co_await context->commands->run(std::move(command));
    if (!run) co_return run.error();
    std::vector<std::string> wrong;
    const auto values = lines_of(run->output);
    for (std::size_t n = 0; n < wanted.size(); ++n)
      if (values.size() != wanted.size() || values[n] != "1") wrong.emplace_back(wanted[n].name);
    co_return wrong;
  }
};

}  // namespace

std::unique_ptr<Step> make_sysctl() {
  return std::make_unique<Sysctl>();
}

}  // namespace kagent::noded
