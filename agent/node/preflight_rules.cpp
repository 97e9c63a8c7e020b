#include "agent/node/preflight_rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <strings.h>

#include <algorithm>
#include <array>

namespace kagent::node {
namespace {

constexpr unsigned control_plane_cpus = 2;
constexpr std::uint64_t control_plane_mib = 1700;
constexpr std::uint64_t least_disk_mib = 1024;
constexpr std::array<std::uint16_t, 6> control_plane_ports{6443, 10259, 10257, 10250, 2379, 2380};
constexpr std::array<std::uint16_t, 1> worker_ports{10250};

bool is_ignored(const Problem& problem, const std::vector<std::string>& ignored) {
  return std::ranges::any_of(ignored, [&](const std::string& name) {
    return ::strcasecmp(name.c_str(), problem.name.c_str()) == 0 ||
           (::strcasecmp(name.c_str(), "all") == 0 && problem.cause != "program-missing");
  });
}

void check_size(const PreflightFacts& facts, std::vector<Problem>& found) {
  if (!facts.control_plane) return;
  if (facts.cpus < control_plane_cpus)
    found.push_back(
        {"NumCPU", "cpu",
         fmt::format("a control plane wants {} CPUs, here is {}", control_plane_cpus, facts.cpus),
         "Take a larger instance, or add NumCPU to ignorePreflightErrors."});
  if (facts.memory_mib < control_plane_mib)
    found.push_back({"Mem", "memory",
                     fmt::format("a control plane wants {} MiB of memory, here are {}",
                                 control_plane_mib, facts.memory_mib),
                     "Take a larger instance, or add Mem to ignorePreflightErrors."});
}

void check_programs(const PreflightFacts& facts, std::vector<Problem>& found) {
  for (const auto& program : facts.missing_programs)
    found.push_back({"FileExisting-" + program, "program-missing",
                     fmt::format("program {} is not installed", program),
                     "Install it in the machine image."});
}

void check_ports(const PreflightFacts& facts, std::vector<Problem>& found) {
  if (facts.joined) return;
  const auto check = [&](const auto& ports) {
    for (const std::uint16_t port : ports)
      if (facts.listening.contains(port))
        found.push_back({fmt::format("Port-{}", port), "port-in-use",
                         fmt::format("TCP port {} is in use", port),
                         fmt::format("See what listens there: `ss -ltnp sport = :{}`.", port)});
  };
  if (facts.control_plane)
    check(control_plane_ports);
  else
    check(worker_ports);
}

void check_machine(const PreflightFacts& facts, std::vector<Problem>& found) {
  if (facts.disk_free_mib < least_disk_mib)
    found.push_back({"DiskSpace", "disk",
                     fmt::format("{} MiB are free under /var/lib, at least {} are needed",
                                 facts.disk_free_mib, least_disk_mib),
                     "Give the node a larger disk, or add DiskSpace to ignorePreflightErrors."});
  std::vector<std::string> missing;
  for (const char* controller : {"cpu", "cpuset", "memory", "pids"})
    if (!facts.cgroup_controllers.contains(controller)) missing.emplace_back(controller);
  if (!missing.empty())
    found.push_back({"SystemVerification", "cgroups",
                     fmt::format("cgroup controllers missing: {}", fmt::join(missing, ", ")),
                     "Enable them on the kernel's command line (cgroup_enable=memory ...)."});
}

}  // namespace

std::vector<Problem> preflight_problems(const PreflightFacts& facts,
                                        const std::vector<std::string>& ignored) {
  std::vector<Problem> found;
  check_size(facts, found);
  check_programs(facts, found);
  check_ports(facts, found);
  check_machine(facts, found);
  std::erase_if(found, [&](const Problem& problem) { return is_ignored(problem, ignored); });
  return found;
}

}  // namespace kagent::node
