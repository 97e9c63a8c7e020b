#include "agent/common/plan/plan.hpp"

#include <algorithm>
#include <array>

namespace kagent::plan {
namespace {

using namespace std::chrono_literals;

template <std::size_t N>
using List = std::array<std::string_view, N>;

constexpr List<1> after_hostname{"hostname"};
constexpr List<1> after_modules{"modules"};
constexpr List<1> after_packages{"packages"};
constexpr List<1> after_runtime{"runtime"};
constexpr List<6> kubelet_needs{"hostname", "time", "swap", "modules", "sysctl", "runtime"};
constexpr List<6> start_needs{"preflight", "hosts", "kubelet", "images", "balancer", "metadata"};
constexpr List<2> after_either{"init", "join"};
constexpr List<1> after_kubeconfig{"kubeconfig"};
constexpr List<3> ready_needs{"init", "join", "cni"};

constexpr List<1> hostname_files{"/etc/hostname"};
constexpr List<1> hosts_files{"/etc/hosts"};
constexpr List<1> swap_files{"/etc/fstab"};
constexpr List<1> modules_files{"/etc/modules-load.d/"};
constexpr List<1> sysctl_files{"/etc/sysctl.d/"};
constexpr List<3> runtime_files{"/etc/containerd/", "/etc/containerd/conf.d/", "/etc/docker/"};
constexpr List<1> our_files{"/etc/kagent/"};
constexpr List<1> kubelet_files{"/etc/systemd/system/kubelet.service.d/"};

// hostname, init and join only report drift: to repair it would disturb a running cluster more than
// the drift does. Steps whose result changes by itself (free memory, images that kubelet collects)
// ignore drift.
constexpr std::array<Step, 18> steps{{
    // clang-format off
    {"preflight",  For::every,         Gate::assignment, {},               {5, 5s},   30s},
    {"hostname",   For::every,         Gate::none,       {},               {5, 2s},   30s, Drift::report, hostname_files},
    {"hosts",      For::every,         Gate::assignment, after_hostname,   {5, 2s},   30s, Drift::repair, hosts_files},
    {"time",       For::every,         Gate::none,       {},               {5, 5s},   60s, Drift::repair},
    {"swap",       For::every,         Gate::assignment, {},               {5, 2s},   60s, Drift::repair, swap_files},
    {"modules",    For::every,         Gate::none,       {},               {5, 2s},   30s, Drift::repair, modules_files},
    {"sysctl",     For::every,         Gate::none,       after_modules,    {5, 2s},   30s, Drift::repair, sysctl_files},
    {"packages",   For::every,         Gate::assignment, {},               {9, 5s},  900s, Drift::report},
    {"runtime",    For::every,         Gate::assignment, after_packages,   {8, 2s},  120s, Drift::repair, runtime_files},
    {"images",     For::every,         Gate::assignment, after_runtime,    {8, 5s},  900s},
    {"kubelet",    For::every,         Gate::assignment, kubelet_needs,    {8, 2s},   60s, Drift::repair, kubelet_files},
    {"balancer",   For::every,         Gate::assignment, after_packages,   {8, 2s},   60s, Drift::repair, our_files},
    {"metadata",   For::every,         Gate::assignment, after_packages,   {8, 2s},   30s, Drift::repair, our_files},
    {"init",       For::initializer,   Gate::init_lease, start_needs,      {5, 5s},  900s, Drift::report},
    {"join",       For::joiner,        Gate::join_grant, start_needs,      {8, 5s},  600s, Drift::report},
    {"kubeconfig", For::control_plane, Gate::assignment, after_either,     {8, 2s},   60s, Drift::repair},
    {"cni",        For::initializer,   Gate::assignment, after_kubeconfig, {8, 2s},  120s},
    {"ready",      For::every,         Gate::assignment, ready_needs,      {20, 5s}, 600s},
    // clang-format on
}};

constexpr List<1> after_reset{"reset"};
constexpr List<1> after_reset_network{"reset-network"};

constexpr std::array<Step, 3> undoing{{
    // clang-format off
    {"reset",         For::every, Gate::none, {},                  {8, 5s}, 480s},
    {"reset-network", For::every, Gate::none, after_reset,         {8, 2s}, 180s},
    {"reset-files",   For::every, Gate::none, after_reset_network, {8, 2s}, 180s},
    // clang-format on
}};

bool is_for(For who, Role role, bool init) {
  switch (who) {
    case For::every: return true;
    case For::initializer: return init;
    case For::joiner: return !init;
    case For::control_plane: return role == Role::control_plane;
  }
  return false;
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::control_plane: return "control-plane";
    case Role::worker: return "worker";
  }
  return "?";
}

std::optional<Role> parse_role(std::string_view text) {
  for (const Role role : {Role::control_plane, Role::worker})
    if (text == to_string(role)) return role;
  return {};
}

std::span<const Step> all_steps() {
  return steps;
}

std::span<const Step> reset_steps() {
  return undoing;
}

std::optional<Drift> parse_drift(std::string_view text) {
  if (text == "ignore") return Drift::ignore;
  if (text == "report") return Drift::report;
  if (text == "repair") return Drift::repair;
  return {};
}

const Step* find(std::string_view name) {
  const auto* found = std::ranges::find(steps, name, &Step::name);
  if (found != steps.end()) return found;
  const auto* undo = std::ranges::find(undoing, name, &Step::name);
  return undo == undoing.end() ? nullptr : undo;
}

std::vector<const Step*> steps_for(Role role, bool init) {
  std::vector<const Step*> mine;
  for (const Step& step : steps)
    if (is_for(step.who, role, init)) mine.push_back(&step);
  return mine;
}

}  // namespace kagent::plan
