#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// The texts in which the kernel and /etc describe a machine, parsed. Pure.
namespace kagent::noded::machine {

// MemTotal of /proc/meminfo in MiB.
std::optional<std::uint64_t> memory_mib(std::string_view meminfo);

// Local ports in state LISTEN of /proc/<pid>/net/tcp or tcp6 (proc(5)).
std::set<std::uint16_t> listening_ports(std::string_view table);

// The controllers of cgroup v1 that are on, from /proc/cgroups.
std::set<std::string> cgroup_v1_controllers(std::string_view cgroups);
// Those of /sys/fs/cgroup/cgroup.controllers.
std::set<std::string> words(std::string_view text);

// Devices and files in /proc/swaps.
std::vector<std::string> swaps(std::string_view proc_swaps);

struct Fstab {
  std::string text;  // with the swap lines commented out
  int swap_lines = 0;
};
Fstab without_swap(std::string_view fstab);

// Whether /proc/filesystems lists it.
bool has_filesystem(std::string_view filesystems, std::string_view name);

// RFC 1123 subdomain of at most 63 characters, which Linux and Kubernetes both take.
bool valid_hostname(std::string_view name);
// Lower case; cut to its first label when longer than 63. "" if nothing valid is left.
std::string hostname_from(std::string_view name);

// /etc/hosts with a line of ours, marked as such, in which `address` has `name` and the name's
// first label; without one where somebody else's line has the name. The same text if nothing is to
// change.
std::string with_own_name(std::string_view hosts, std::string_view address, std::string_view name);

// The address to advertise when there is no default route for kubeadm to choose by: the only global
// IPv4 address in /proc/<pid>/net/fib_trie; "" if a default route is in `route`, or if none or
// several are there.
std::string only_address(std::string_view route, std::string_view fib_trie);

// Where the default route leads out: the address of that interface's own network; "" without one.
std::string default_address(std::string_view route, std::string_view fib_trie);

// The networks that routes of /proc/<pid>/net/route lead to, as CIDRs; not the default route, nor
// those of CNI plugins.
std::vector<std::string> networks(std::string_view route);

// MAJOR.MINOR of "6.1.0-28-cloud-amd64"; 0.0 of nonsense.
struct KernelVersion {
  int major = 0;
  int minor = 0;
  auto operator<=>(const KernelVersion&) const = default;
};
KernelVersion kernel_version(std::string_view osrelease);

}  // namespace kagent::noded::machine
