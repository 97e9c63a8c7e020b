#pragma once

#include <string>
#include <string_view>
#include <vector>

// What Kubernetes and its CNI plugins leave in a node's network, found in what the tools print; and
// nothing that is anybody else's. Pure.
namespace kagent::noded::leftovers {

// Networks that are the cluster's own.
struct Networks {
  std::string pods, services;  // CIDRs, IPv4
};

// Of `iptables-save` or `ip6tables-save`: a script for `iptables-restore --noflush` that removes
// the chains of kube-proxy, kubelet, flannel, Calico, portmap and the rules that lead into them,
// in one transaction a table. Empty if there are none.
std::string without_our_rules(std::string_view saved, const Networks& networks);

// Of `ip -o link show`: bridges and tunnels of CNI plugins, kube-proxy's dummy device.
std::vector<std::string> links(std::string_view listed);

// Of `nft list tables`, as "ip NAME".
std::vector<std::string> tables(std::string_view listed);

// Of `ip route show`: routes to other nodes' pods, as `ip route del` wants them.
std::vector<std::string> routes(std::string_view listed, const Networks& networks);

// Of /proc/net/ip_vs (the kernel's hexadecimal form), as "-t ADDRESS:PORT" or "-u ...": services in
// the service network, and NodePorts.
std::vector<std::string> virtual_services(std::string_view proc, const Networks& networks);

// Of `ipset list -n`.
std::vector<std::string> sets(std::string_view listed);

// Of /proc/1/mountinfo: mount points below a folder, deepest first.
std::vector<std::string> mounts_below(std::string_view mountinfo, std::string_view folder);

}  // namespace kagent::noded::leftovers
