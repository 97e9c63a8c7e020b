#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// Parses texts of the kernel and of /etc that describe a machine. Pure.
namespace kagent::noded::machine {

// MemTotal of /proc/meminfo in MiB.
std::optional<std::uint64_t> memory_mib(std::string_view meminfo);

// Local ports in state LISTEN of /proc/<pid>/net/tcp or tcp6 (proc(5)).
std::set<std::uint16_t> listening_ports(std::string_view table);

// The enabled controllers of cgroup v1, from /proc/cgroups.
std::set<std::string> cgroup_v1_controllers(std::string_view cgroups);
// The words of /sys/fs/cgroup/cgroup.controllers.
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

// Whether the name is an RFC 1123 subdomain of at most 63 characters. Linux and Kubernetes accept
// such names.
bool valid_hostname(std::string_view name);
// The name in lower case, cut to its first label if longer than 63 characters. "" if the result is
// not valid.
std::string hostname_from(std::string_view name);

// /etc/hosts with a marked line of ours that maps `name` and its first label to `address`. If
// another line has the name, ours is left out. Returns the same text if nothing changes.
std::string with_own_name(std::string_view hosts, std::string_view address, std::string_view name);

// The address to advertise on a node without a default route: the only global IPv4 address in
// /proc/<pid>/net/fib_trie. "" if `route` contains a default route, or if there is not exactly one
// address.
std::string only_address(std::string_view route, std::string_view fib_trie);

// The address of the default route's interface, in that interface's own network; "" without a
// default route.
std::string default_address(std::string_view route, std::string_view fib_trie);

// Networks in /proc/<pid>/net/route as CIDRs, without the default route and those of CNI plugins.
std::vector<std::string> networks(std::string_view route);

// MAJOR.MINOR of "6.1.0-28-cloud-amd64"; 0.0 if the text is no version.
struct KernelVersion {
  int major = 0;
  int minor = 0;
  auto operator<=>(const KernelVersion&) const = default;
};
KernelVersion kernel_version(std::string_view osrelease);

}  // namespace kagent::noded::machine
