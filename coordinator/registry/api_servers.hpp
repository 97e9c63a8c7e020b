#pragma once

#include "coordinator/registry/cluster.hpp"
#include "coordinator/registry/control_planes.hpp"
#include "coordinator/registry/node.hpp"
#include "coordinator/registry/policy.hpp"

#include <chrono>
#include <string>
#include <unordered_map>
#include <vector>

namespace kagent::coordinator {

// The addresses of the API servers, for the local balancer of every node. The list holds each
// control plane that was let in and stays: HAProxy finds out which of them answer.
class ApiServers {
 public:
  ApiServers(const Policy& policy, const Cluster& cluster, const ControlPlanes& control_planes);

  // Takes the address in the node's report. A change of the list costs an Assignment to every
  // node, so a node's address changes at most once in Policy::address_patience.
  void take(const Node& node, Now now);
  // The same after a start of the coordinator; the next change may follow at once.
  void restore(const Node& node);
  void forget(const Node& node) { by_node_.erase(&node); }

  // Makes the list anew. True: it has changed. Empty without Policy::local_balancer.
  bool settle();
  [[nodiscard]] const std::vector<std::string>& list() const { return list_; }

 private:
  struct Address {
    std::string address;
    std::chrono::steady_clock::time_point next_change;
  };

  const Policy& policy_;
  const Cluster& cluster_;
  const ControlPlanes& control_planes_;
  std::unordered_map<const Node*, Address> by_node_;
  std::vector<std::string> list_;  // sorted
};

}  // namespace kagent::coordinator
