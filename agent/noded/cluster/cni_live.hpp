#pragma once

#include "agent/noded/systemd/commands.hpp"

#include <string>
#include <string_view>
#include <vector>

// The pod network that a CNI in the cluster uses. Pure: reads the output of `kubectl get -o json`
// and returns arguments for kubectl.
namespace kagent::noded {

struct CniMend {
  std::string change;                  // one sentence
  std::vector<Command::Argv> kubectl;  // arguments of one call each, in this order
};

// For flannel: changes "Network" of net-conf.json in its ConfigMaps (kube-flannel-cfg), and
// restarts the pods of the DaemonSets that mount them, since they read it only at their start. For
// Calico: changes CALICO_IPV4POOL_CIDR of the DaemonSet calico-node, which restarts the pods by
// itself. A network that contains all of `pod_cidr` (IPv4) is right. Nothing if the input is not
// such a list.
std::vector<CniMend> mends_of_live_cni(std::string_view config_maps, std::string_view daemon_sets,
                                       std::string_view pod_cidr);

}  // namespace kagent::noded
