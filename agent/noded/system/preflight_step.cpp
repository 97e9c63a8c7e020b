#include "agent/common/base/file.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/machine/machine.hpp"
#include "agent/noded/step/address.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/step/programs.hpp"
#include "agent/noded/system/preflight_rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <thread>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// Commands in units get systemd's own environment, which may contain proxy settings.
asio::awaitable<std::map<std::string, std::string>> environment(ContextPtr context) {
  std::map<std::string, std::string> found;
  Command::Argv argv{"env"};
  auto output = co_await output_of(context, unit_name("preflight", "env"), std::move(argv), 10s);
  if (!output) co_return found;
  for (const std::string& line : lines_of(*output))
    if (const auto equals = line.find('='); equals != std::string::npos)
      found[line.substr(0, equals)] = line.substr(equals + 1);
  co_return found;
}

// Names of files that a container runtime would use as the node's CNI configuration.
std::vector<std::string> cni_files(const Context& context) {
  std::vector<std::string> found = entries_of(context.at("/etc/cni/net.d"));
  std::erase_if(found, [](const std::string& name) {
    return !name.ends_with(".conf") && !name.ends_with(".conflist") && !name.ends_with(".json");
  });
  return found;
}

PreflightFacts gather(const Context& context) {
  PreflightFacts facts;
  facts.control_plane = context.control_plane();
  facts.cpus = std::thread::hardware_concurrency();
  facts.memory_mib = machine::memory_mib(text_of(context, "/proc/meminfo")).value_or(0);
  // PID 1's view: noded runs in a network namespace of its own that has no interfaces.
  facts.listening = machine::listening_ports(text_of(context, "/proc/1/net/tcp"));
  facts.listening.merge(machine::listening_ports(text_of(context, "/proc/1/net/tcp6")));
  facts.joined = context.exists(kubelet_conf) || context.exists(admin_conf);
  facts.applies_cni = !context.cluster.cni().manifests().empty();
  // After an interrupted join, these files belong to the cluster.
  if (!context.exists(marks_of("init").started) && !context.exists(marks_of("join").started))
    facts.cni_files = cni_files(context);
  facts.kernel = text_of(context, "/proc/sys/kernel/osrelease");
  facts.kernel.resize(std::min(facts.kernel.find('\n'), facts.kernel.size()));
  facts.networks = machine::networks(text_of(context, "/proc/1/net/route"));
  for (const auto& block : lines_of(text_of(context, paths::vpc_cidrs)))
    if (!block.empty()) facts.networks.push_back(block);
  facts.pod_cidr = context.cluster.pod_cidr();
  facts.service_cidr = context.cluster.service_cidr();
  facts.endpoint = context.cluster.control_plane_endpoint();
  facts.address = own_address(context);
  std::error_code error;
  const auto space = std::filesystem::space(context.at("/var/lib"), error);
  if (!error) facts.disk_free_mib = space.available >> 20U;
  facts.cgroup_controllers =
      context.exists("/sys/fs/cgroup/cgroup.controllers")
          ? machine::words(text_of(context, "/sys/fs/cgroup/cgroup.controllers"))
          : machine::cgroup_v1_controllers(text_of(context, "/proc/cgroups"));
  return facts;
}

class Preflight final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "preflight"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    const auto problems = co_await problems_of(context);
    for (const Problem& problem : problems)
      found.need(problem.name + ": " + problem.failure.message);
    co_return found;
  }

  // A person must correct what is missing, so there is nothing to apply.
  asio::awaitable<Outcome> apply(ContextPtr context) override {
    const auto problems = co_await problems_of(context);
    if (problems.empty()) co_return succeeded();
    std::string all;
    for (const Problem& problem : problems)
      all +=
          fmt::format("{}{}: {}", all.empty() ? "" : "; ", problem.name, problem.failure.message);
    Failure failure = problems.front().failure;
    failure.message = std::move(all);
    co_return failed(std::move(failure));
  }

 private:
  static asio::awaitable<std::vector<Problem>> problems_of(ContextPtr context) {
    PreflightFacts facts = gather(*context);
    facts.environment = co_await environment(context);
    const auto& ignored = context->cluster.ignore_preflight_errors();
    const std::vector<std::string> names(ignored.begin(), ignored.end());
    co_return preflight_problems(facts, names);
  }
};

}  // namespace

std::unique_ptr<Step> make_preflight() {
  return std::make_unique<Preflight>();
}

}  // namespace kagent::noded
