#pragma once

#include "agent/noded/systemd/commands.hpp"

#include <string>
#include <string_view>
#include <vector>

// The pod network that a CNI already in the cluster believes in. Pure: what `kubectl get -o json`
// printed in, kubectl's arguments out.
namespace kagent::noded {

struct CniMend {
  std::string change;                  // a sentence
  std::vector<Command::Argv> kubectl;  // arguments, one call after the other
};

// flannel: the "Network" of net-conf.json in its ConfigMaps (kube-flannel-cfg), and the pods of the
// DaemonSets that mount them, which read it at their start only. Calico: CALICO_IPV4POOL_CIDR of
// DaemonSet calico-node, whose pods the change restarts by itself. A network that holds all of
// `pod_cidr` (IPv4) is right. What is no such list is nothing.
std::vector<CniMend> mends_of_live_cni(std::string_view config_maps, std::string_view daemon_sets,
                                       std::string_view pod_cidr);

}  // namespace kagent::noded
