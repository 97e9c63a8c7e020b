#pragma once

#include <string>
#include <string_view>
#include <vector>

// Finds what Kubernetes and its CNI plugins leave in a node's network, in the output of the usual
// tools. Other programs' rules and devices are not included. Pure.
namespace kagent::noded::leftovers {

// The cluster's own networks.
struct Networks {
  std::string pods, services;  // CIDRs, IPv4
};

// Input: `iptables-save` or `ip6tables-save`. Returns a script for `iptables-restore --noflush`,
// one transaction per table. It removes the chains of kube-proxy, kubelet, flannel, Calico and
// portmap, and the rules that lead into them. Empty if there are none.
std::string without_our_rules(std::string_view saved, const Networks& networks);

// Input: `ip -o link show`. Bridges and tunnels of CNI plugins, and kube-proxy's dummy device.
std::vector<std::string> links(std::string_view listed);

// Input: `nft list tables`. Tables as "ip NAME".
std::vector<std::string> tables(std::string_view listed);

// Input: `ip route show`. Routes to other nodes' pods, as arguments of `ip route del`.
std::vector<std::string> routes(std::string_view listed, const Networks& networks);

// Input: /proc/net/ip_vs, with hexadecimal addresses. Services in the service network, and
// NodePorts, as "-t ADDRESS:PORT" or "-u ADDRESS:PORT".
std::vector<std::string> virtual_services(std::string_view proc, const Networks& networks);

// Input: `ipset list -n`.
std::vector<std::string> sets(std::string_view listed);

// Input: /proc/1/mountinfo. Mount points below a folder, the deepest first.
std::vector<std::string> mounts_below(std::string_view mountinfo, std::string_view folder);

}  // namespace kagent::noded::leftovers
