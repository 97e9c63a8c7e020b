#include "agent/noded/reset/leftovers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <sstream>

namespace kagent::noded::leftovers {
namespace {

std::vector<std::string> words_of(std::string_view line) {
  std::istringstream in{std::string(line)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(std::move(word));
  return words;
}

template <class Line>
void each_line(std::string_view text, Line line) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    line(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
}

bool is_our_chain(std::string_view name) {
  constexpr std::array<std::string_view, 6> prefixes{"KUBE-", "CNI-",    "FLANNEL-",
                                                     "cali-", "CILIUM_", "WEAVE-"};
  return std::ranges::any_of(prefixes, [&](auto prefix) { return name.starts_with(prefix); });
}

std::optional<std::uint32_t> address(std::string_view text) {
  std::uint32_t value = 0;
  for (int part = 0; part < 4; ++part) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), byte);
    if (error != std::errc{} || byte > 255) return {};
    value = value << 8U | byte;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (part < 3) {
      if (!text.starts_with('.')) return {};
      text.remove_prefix(1);
    }
  }
  return text.empty() ? std::optional(value) : std::nullopt;
}

struct Network {
  std::uint32_t base = 0;
  unsigned bits = 33;  // more than any address has: contains none

  [[nodiscard]] bool holds(std::uint32_t other, unsigned other_bits = 32) const {
    if (bits > other_bits) return false;
    return bits == 0 || (other ^ base) >> (32U - bits) == 0;
  }
};

Network network(std::string_view cidr) {
  const auto slash = cidr.find('/');
  const auto base = address(cidr.substr(0, slash));
  Network found;
  if (!base) return found;
  found.base = *base;
  found.bits = 32;
  if (slash == std::string_view::npos) return found;
  const auto bits = cidr.substr(slash + 1);
  if (std::from_chars(bits.data(), bits.data() + bits.size(), found.bits).ec != std::errc{} ||
      found.bits > 32)
    return {};
  return found;
}

// A rule of Kubernetes in a foreign chain: it jumps into one of our chains, or belongs to an old
// flannel, which had no chains of its own.
bool is_our_rule(std::string_view rule, const Networks& networks) {
  const auto words = words_of(rule);
  for (std::size_t i = 2; i + 1 < words.size(); ++i) {
    if ((words[i] == "-j" || words[i] == "-g") && is_our_chain(words[i + 1])) return true;
    if (words[i] == "--comment" && words[i + 1].starts_with("\"flanneld")) return true;
    const bool side = words[i] == "-s" || words[i] == "-d";
    if (side && !networks.pods.empty() && words[i + 1] == networks.pods) return true;
  }
  return false;
}

struct Table {
  std::vector<std::string> rules;   // rules to delete, as they were added
  std::vector<std::string> chains;  // chains to flush and delete
};

void write_table(std::ostream& out, const std::string& name, const Table& table) {
  if (table.rules.empty() && table.chains.empty()) return;
  out << '*' << name << '\n';
  for (const auto& rule : table.rules) out << "-D" << rule.substr(2) << '\n';
  for (const auto& chain : table.chains) out << "-F " << chain << '\n';
  for (const auto& chain : table.chains) out << "-X " << chain << '\n';
  out << "COMMIT\n";
}

std::optional<std::uint32_t> hex(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

}  // namespace

std::string without_our_rules(std::string_view saved, const Networks& networks) {
  std::ostringstream out;
  std::string name;
  Table table;
  each_line(saved, [&](std::string_view line) {
    if (line.starts_with('*')) {
      name = line.substr(1);
      table = {};
    } else if (line.starts_with(':')) {
      const auto chain = line.substr(1, line.find(' ') - 1);
      if (is_our_chain(chain)) table.chains.emplace_back(chain);
    } else if (line.starts_with("-A ")) {
      const auto chain = line.substr(3, line.find(' ', 3) - 3);
      if (!is_our_chain(chain) && is_our_rule(line, networks)) table.rules.emplace_back(line);
    } else if (line == "COMMIT") {
      write_table(out, name, table);
    }
  });
  return out.str();
}

std::vector<std::string> links(std::string_view listed) {
  constexpr std::array<std::string_view, 5> names{"cni0", "kube-ipvs0", "kube-bridge",
                                                  "vxlan.calico", "vxlan-v6.calico"};
  constexpr std::array<std::string_view, 3> prefixes{"flannel.", "flannel-v6.", "cilium_"};
  std::vector<std::string> found;
  each_line(listed, [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() < 2) return;
    const std::string name = words[1].substr(0, words[1].find_first_of("@:"));
    const bool calico = name.size() == 15 && name.starts_with("cali");
    if (calico || std::ranges::find(names, name) != names.end() ||
        std::ranges::any_of(prefixes, [&](auto prefix) { return name.starts_with(prefix); }))
      found.push_back(name);
  });
  return found;
}

std::vector<std::string> tables(std::string_view listed) {
  constexpr std::array<std::string_view, 3> prefixes{"kube-proxy", "flannel-", "cni_"};
  std::vector<std::string> found;
  each_line(listed, [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() != 3 || words[0] != "table") return;
    if (std::ranges::any_of(prefixes, [&](auto prefix) { return words[2].starts_with(prefix); }))
      found.push_back(words[1] + " " + words[2]);
  });
  return found;
}

std::vector<std::string> routes(std::string_view listed, const Networks& networks) {
  const Network pods = network(networks.pods);
  std::vector<std::string> found;
  each_line(listed, [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() < 3 || (words[1] != "via" && words[0] != "blackhole")) return;
    const std::string& target = words[0] == "blackhole" ? words[1] : words[0];
    const Network to = network(target);
    if (to.bits <= 32 && pods.holds(to.base, to.bits))
      found.push_back(words[0] == "blackhole" ? "blackhole " + target : target);
  });
  return found;
}

std::vector<std::string> virtual_services(std::string_view proc, const Networks& networks) {
  constexpr std::uint32_t first_node_port = 30000;
  constexpr std::uint32_t last_node_port = 32767;
  const Network services = network(networks.services);
  std::vector<std::string> found;
  each_line(proc, [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() < 2 || (words[0] != "TCP" && words[0] != "UDP")) return;
    const auto colon = words[1].find(':');
    if (colon != 8) return;  // IPv4 has eight digits
    const auto to = hex(std::string_view(words[1]).substr(0, colon));
    const auto port = hex(std::string_view(words[1]).substr(colon + 1));
    if (!to || !port) return;
    const bool node_port = *port >= first_node_port && *port <= last_node_port;
    if (!node_port && !services.holds(*to)) return;
    std::ostringstream text;
    text << (words[0] == "TCP" ? "-t " : "-u ") << (*to >> 24U) << '.' << (*to >> 16U & 255U) << '.'
         << (*to >> 8U & 255U) << '.' << (*to & 255U) << ':' << *port;
    found.push_back(text.str());
  });
  return found;
}

std::vector<std::string> sets(std::string_view listed) {
  std::vector<std::string> found;
  each_line(listed, [&](std::string_view line) {
    if (line.starts_with("KUBE-") || line.starts_with("cali40") || line.starts_with("cali60"))
      found.emplace_back(line);
  });
  return found;
}

std::vector<std::string> mounts_below(std::string_view mountinfo, std::string_view folder) {
  const std::string prefix = std::string(folder) + "/";
  std::vector<std::string> found;
  each_line(mountinfo, [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() > 4 && words[4].starts_with(prefix)) found.push_back(words[4]);
  });
  std::ranges::sort(found, std::greater{});  // puts a path before the folders that contain it
  return found;
}

}  // namespace kagent::noded::leftovers
