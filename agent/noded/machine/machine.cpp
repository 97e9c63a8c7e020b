#include "agent/noded/machine/machine.hpp"

#include "agent/common/config/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <sstream>

namespace kagent::noded::machine {
namespace {

constexpr std::string_view hosts_mark = "# kagent: this node's own name";

constexpr std::array<std::string_view, 7> cni_devices{"cni",  "flannel", "cali", "vxlan.calico",
                                                      "tunl", "cilium",  "kube-"};

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> fields(std::string_view line) {
  std::vector<std::string> found;
  std::istringstream in{std::string(line)};
  for (std::string word; in >> word;) found.push_back(word);
  return found;
}

bool lower_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool valid_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && lower_alphanumeric(label.front()) &&
         lower_alphanumeric(label.back()) &&
         std::ranges::all_of(label, [](char c) { return lower_alphanumeric(c) || c == '-'; });
}

std::set<std::string> global_addresses(std::string_view fib_trie) {
  std::set<std::string> found;
  std::string address;
  for (const auto& line : split_lines(fib_trie)) {
    const auto words = fields(line);
    if (words.size() == 2 && words[0] == "|--") address = words[1];
    if (words.size() >= 3 && words[0] == "/32" && words[2] == "LOCAL" &&
        !address.starts_with("127.") && !address.starts_with("169.254."))
      found.insert(address);
  }
  return found;
}

}  // namespace

std::optional<std::uint64_t> memory_mib(std::string_view meminfo) {
  for (const auto& line : split_lines(meminfo)) {
    const auto words = fields(line);
    if (words.size() < 2 || words[0] != "MemTotal:") continue;
    std::uint64_t kib = 0;
    const auto& number = words[1];
    if (std::from_chars(number.data(), number.data() + number.size(), kib).ec != std::errc{})
      return {};
    return kib / 1024;
  }
  return {};
}

std::set<std::uint16_t> listening_ports(std::string_view table) {
  constexpr std::string_view listen = "0A";
  std::set<std::uint16_t> ports;
  for (const auto& line : split_lines(table)) {
    const auto words = fields(line);
    if (words.size() < 4 || words[3] != listen) continue;
    const auto colon = words[1].rfind(':');
    if (colon == std::string::npos) continue;
    std::uint16_t port = 0;
    const char* const begin = words[1].data() + colon + 1;
    if (std::from_chars(begin, words[1].data() + words[1].size(), port, 16).ec == std::errc{})
      ports.insert(port);
  }
  return ports;
}

std::set<std::string> cgroup_v1_controllers(std::string_view cgroups) {
  std::set<std::string> on;
  for (const auto& line : split_lines(cgroups)) {
    const auto words = fields(line);
    if (words.size() == 4 && !words[0].starts_with('#') && words[3] == "1") on.insert(words[0]);
  }
  return on;
}

std::set<std::string> words(std::string_view text) {
  const auto found = fields(text);
  return {found.begin(), found.end()};
}

std::vector<std::string> swaps(std::string_view proc_swaps) {
  std::vector<std::string> names;
  for (const auto& line : split_lines(proc_swaps)) {
    const auto words = fields(line);
    if (!words.empty() && words[0] != "Filename") names.push_back(words[0]);
  }
  return names;
}

Fstab without_swap(std::string_view fstab) {
  Fstab result;
  for (const auto& line : split_lines(fstab)) {
    const auto words = fields(line);
    const bool swap = words.size() >= 3 && !words[0].starts_with('#') && words[2] == "swap";
    if (swap) {
      result.text += "# kagent: kubelet wants no swap: ";
      ++result.swap_lines;
    }
    result.text += line + "\n";
  }
  return result;
}

bool has_filesystem(std::string_view filesystems, std::string_view name) {
  return std::ranges::any_of(split_lines(filesystems), [&](const std::string& line) {
    const auto words = fields(line);
    return !words.empty() && words.back() == name;
  });
}

bool valid_hostname(std::string_view name) {
  if (name.empty() || name.size() > 63) return false;
  for (;;) {
    const auto dot = name.find('.');
    if (!valid_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

std::string hostname_from(std::string_view name) {
  // EC2 gives one name for each domain in the VPC's DHCP options.
  const auto names = fields(name);
  std::string lower = names.empty() ? std::string() : names.front();
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower.size() > 63) lower.resize(std::min(lower.find('.'), lower.size()));
  return valid_hostname(lower) ? lower : std::string{};
}

std::string with_own_name(std::string_view hosts, std::string_view address, std::string_view name) {
  const std::string_view label = name.substr(0, name.find('.'));
  const std::string ours = label == name
                               ? fmt::format("{} {} {}", address, name, hosts_mark)
                               : fmt::format("{} {} {} {}", address, name, label, hosts_mark);
  const auto lines = split_lines(hosts);
  bool is_named = std::ranges::any_of(lines, [&](const std::string& line) {
    const auto words = fields(line.substr(0, line.find('#')));
    return !line.ends_with(hosts_mark) && std::ranges::find(words, name) != words.end();
  });
  std::string text;
  for (const auto& line : lines) {
    if (line.ends_with(hosts_mark)) {
      if (line != ours || is_named) continue;
      is_named = true;
    }
    text += line + "\n";
  }
  if (!is_named) text += ours + "\n";
  return text;
}

std::string only_address(std::string_view route, std::string_view fib_trie) {
  for (const auto& line : split_lines(route)) {
    const auto words = fields(line);
    if (words.size() > 7 && words[1] == "00000000" && words[7] == "00000000") return {};
  }
  const auto local = global_addresses(fib_trie);
  return local.size() == 1 ? *local.begin() : std::string{};
}

std::string default_address(std::string_view route, std::string_view fib_trie) {
  std::string device;
  for (const auto& line : split_lines(route))
    if (const auto words = fields(line);
        device.empty() && words.size() > 7 && words[1] == "00000000" && words[7] == "00000000")
      device = words[0];
  std::string its_routes;
  for (const auto& line : split_lines(route))
    if (!device.empty() && line.starts_with(device + "\t")) its_routes += line + "\n";
  for (const auto& network : networks(its_routes))
    for (const auto& address : global_addresses(fib_trie))
      if (config::cidr_contains(network, address + "/32")) return address;
  return {};
}

std::vector<std::string> networks(std::string_view route) {
  std::vector<std::string> found;
  for (const auto& line : split_lines(route)) {
    const auto words = fields(line);
    if (words.size() < 8) continue;
    const std::string& device = words[0];
    if (std::ranges::any_of(cni_devices,
                            [&](std::string_view prefix) { return device.starts_with(prefix); }))
      continue;
    std::uint32_t address = 0;
    std::uint32_t mask = 0;
    const auto read = [](const std::string& hex, std::uint32_t& value) {
      return std::from_chars(hex.data(), hex.data() + hex.size(), value, 16).ec == std::errc{};
    };
    if (!read(words[1], address) || !read(words[7], mask) || mask == 0) continue;
    // The kernel prints the bytes in memory order: little endian on all machines that run
    // Kubernetes.
    found.push_back(fmt::format("{}.{}.{}.{}/{}", address & 0xffU, (address >> 8U) & 0xffU,
                                (address >> 16U) & 0xffU, address >> 24U, std::popcount(mask)));
  }
  return found;
}

KernelVersion kernel_version(std::string_view osrelease) {
  KernelVersion version;
  const char* const end = osrelease.data() + osrelease.size();
  const auto major = std::from_chars(osrelease.data(), end, version.major);
  if (major.ec == std::errc{} && major.ptr != end && *major.ptr == '.')
    std::from_chars(major.ptr + 1, end, version.minor);
  return version;
}

}  // namespace kagent::noded::machine
