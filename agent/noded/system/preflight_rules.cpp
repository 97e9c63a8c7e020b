#include "agent/noded/system/preflight_rules.hpp"

#include "agent/common/config/rules.hpp"
#include "agent/noded/machine/machine.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

namespace kagent::noded {
namespace {

constexpr unsigned control_plane_cpus = 2;
constexpr std::uint64_t control_plane_mib = 1700;
constexpr std::uint64_t least_disk_mib = 1024;
constexpr machine::KernelVersion oldest_kernel{3, 10};
constexpr std::array<std::uint16_t, 6> control_plane_ports{6443, 10259, 10257, 10250, 2379, 2380};
constexpr std::array<std::uint16_t, 1> worker_ports{10250};

bool is_ignored(const Problem& problem, const std::vector<std::string>& ignored) {
  return std::ranges::any_of(ignored, [&](const std::string& name) {
    return ::strcasecmp(name.c_str(), problem.name.c_str()) == 0 ||
           ::strcasecmp(name.c_str(), "all") == 0;
  });
}

void check_size(const PreflightFacts& facts, std::vector<Problem>& found) {
  if (!facts.control_plane) return;
  if (facts.cpus < control_plane_cpus)
    found.push_back(
        {"NumCPU",
         {"preflight.cpu",
          fmt::format("a control plane wants {} CPUs, here is {}", control_plane_cpus, facts.cpus),
          "Take a larger instance, or add NumCPU to ignorePreflightErrors."}});
  if (facts.memory_mib < control_plane_mib)
    found.push_back({"Mem",
                     {"preflight.memory",
                      fmt::format("a control plane wants {} MiB of memory, here are {}",
                                  control_plane_mib, facts.memory_mib),
                      "Take a larger instance, or add Mem to ignorePreflightErrors."}});
}

void check_ports(const PreflightFacts& facts, std::vector<Problem>& found) {
  if (facts.joined) return;
  const auto check = [&](const auto& ports) {
    for (const std::uint16_t port : ports)
      if (facts.listening.contains(port))
        found.push_back({fmt::format("Port-{}", port),
                         {"preflight.port-in-use", fmt::format("TCP port {} is in use", port),
                          fmt::format("See what listens there: `ss -ltnp sport = :{}`.", port)}});
  };
  if (facts.control_plane)
    check(control_plane_ports);
  else
    check(worker_ports);
}

void check_machine(const PreflightFacts& facts, std::vector<Problem>& found) {
  if (facts.disk_free_mib < least_disk_mib)
    found.push_back({"DiskSpace",
                     {"preflight.disk",
                      fmt::format("{} MiB are free under /var/lib, at least {} are needed",
                                  facts.disk_free_mib, least_disk_mib),
                      "Give the node a larger disk, or add DiskSpace to ignorePreflightErrors."}});
  std::vector<std::string> missing;
  for (const char* controller : {"cpu", "cpuset", "memory", "pids"})
    if (!facts.cgroup_controllers.contains(controller)) missing.emplace_back(controller);
  if (!missing.empty())
    found.push_back({"SystemVerification",
                     {"preflight.cgroups",
                      fmt::format("cgroup controllers missing: {}", fmt::join(missing, ", ")),
                      "Enable them on the kernel's command line (cgroup_enable=memory ...)."}});
}

void check_kernel(const PreflightFacts& facts, std::vector<Problem>& found) {
  if (facts.kernel.empty() || machine::kernel_version(facts.kernel) >= oldest_kernel) return;
  found.push_back({"SystemVerification",
                   {"preflight.kernel",
                    fmt::format("kernel {} is older than {}.{}", facts.kernel, oldest_kernel.major,
                                oldest_kernel.minor),
                    "Take a machine image with a newer kernel."}});
}

// Pods could not reach outside hosts with the same addresses.
void check_networks(const PreflightFacts& facts, std::vector<Problem>& found) {
  if (facts.joined) return;
  for (const auto& [what, range] :
       {std::pair{"podCIDR", facts.pod_cidr}, std::pair{"serviceCIDR", facts.service_cidr}})
    for (const std::string& network : facts.networks)
      if (config::cidrs_overlap(range, network))
        found.push_back(
            {"CIDROverlap",
             {"preflight.cidr-overlap",
              fmt::format("{} {} overlaps {}, a network that this node is in or routes to", what,
                          range, network),
              fmt::format("Give the ClusterConfig another {} before the first node.", what)}});
}

// Follows Go's net/http: NO_PROXY lists names (which include their subdomains), addresses, ranges
// and "*".
bool is_exempt(const std::string& target, const std::vector<std::string>& no_proxy) {
  return std::ranges::any_of(no_proxy, [&](const std::string& entry) {
    if (entry == "*" || entry == target || config::cidr_contains(entry, target)) return true;
    if (config::cidr_contains(entry,
                              target + (target.find(':') == std::string::npos ? "/32" : "/128")))
      return true;
    return target.ends_with(entry.starts_with('.') ? entry : fmt::format(".{}", entry));
  });
}

// "host", "host:6443", "[fd00::1]:6443"
std::string host_of(const std::string& endpoint) {
  if (endpoint.starts_with('[')) return endpoint.substr(1, endpoint.find(']') - 1);
  return endpoint.substr(0, endpoint.rfind(':'));
}

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    std::erase(part, ' ');
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

// kubeadm's HTTPProxy check. Its HTTPProxyCIDR check is only a warning about pod and service
// ranges, which a node does not use to reach the API server.
void check_proxy(const PreflightFacts& facts, std::vector<Problem>& found) {
  const auto value = [&](const char* upper, const char* lower) {
    for (const char* name : {upper, lower})
      if (const auto entry = facts.environment.find(name);
          entry != facts.environment.end() && !entry->second.empty())
        return entry->second;
    return std::string();
  };
  std::string proxy = value("HTTPS_PROXY", "https_proxy");
  if (proxy.empty()) proxy = value("HTTP_PROXY", "http_proxy");
  if (proxy.empty()) return;
  const auto no_proxy = list_of(value("NO_PROXY", "no_proxy"));
  std::vector<std::string> inside;
  if (facts.control_plane && !facts.address.empty()) inside.push_back(facts.address);
  if (!facts.endpoint.empty()) inside.push_back(host_of(facts.endpoint));
  std::erase_if(inside, [&](const std::string& each) { return is_exempt(each, no_proxy); });
  if (!inside.empty())
    found.push_back(
        {"HTTPProxy",
         {"preflight.proxy",
          fmt::format("a proxy is set ({}), and NO_PROXY does not exempt {}, the way to the API "
                      "server",
                      proxy.substr(proxy.rfind('@') + 1), fmt::join(inside, ", ")),
          "Add them, the nodes' networks, podCIDR and serviceCIDR to NO_PROXY (DefaultEnvironment= "
          "of systemd-system.conf)."}});
}

// containerd uses the first file by name, so pods would be in that file's network instead of the
// cluster's.
void check_cni(const PreflightFacts& facts, std::vector<Problem>& found) {
  if (facts.joined || !facts.applies_cni || facts.cni_files.empty()) return;
  found.push_back(
      {"CNIConfig",
       {"preflight.cni-config",
        fmt::format("/etc/cni/net.d is not empty though the cluster's CNI has not been here: {}",
                    fmt::join(facts.cni_files, ", ")),
        "Take them off the node, and out of the machine image; or add CNIConfig to "
        "ignorePreflightErrors, if the cluster's CNI is to come before them by its name."}});
}

}  // namespace

std::vector<Problem> preflight_problems(const PreflightFacts& facts,
                                        const std::vector<std::string>& ignored) {
  std::vector<Problem> found;
  check_size(facts, found);
  check_ports(facts, found);
  check_machine(facts, found);
  check_kernel(facts, found);
  check_networks(facts, found);
  check_proxy(facts, found);
  check_cni(facts, found);
  std::erase_if(found, [&](const Problem& problem) { return is_ignored(problem, ignored); });
  return found;
}

}  // namespace kagent::noded
