#pragma once

#include "coordinator/registry/node.hpp"
#include "coordinator/registry/outbox.hpp"

#include <map>
#include <string>
#include <vector>

namespace kagent::coordinator {

// The one Kubernetes cluster: who may initialise it, who did, and the Nodes that it has.
class Cluster {
 public:
  Cluster(ClusterRecord record, LeaseRecord lease, Outbox& out);

  [[nodiscard]] const ClusterRecord& record() const { return record_; }
  [[nodiscard]] bool initialized() const { return record_.initialized(); }
  [[nodiscard]] const LeaseRecord& lease() const { return lease_; }

  // The node runs `kubeadm init`, or did. A control plane that left and returned joins instead.
  [[nodiscard]] bool initialises(const Node& node) const;

  // Saves a record that differs from the present one. False: nothing has changed.
  bool set(ClusterRecord record);
  // `heir`: the control plane that the cluster now belongs to; nullptr: the cluster ends.
  void hand_over(const Node* heir);
  // Raises the fence.
  void move_lease(const Node& to);

  // Replaces the Nodes of Kubernetes. Returns the names of those that are new, different or gone.
  std::vector<std::string> set_kubernetes(std::map<std::string, KubernetesState> nodes);
  // A control plane has said which Nodes there are.
  [[nodiscard]] bool kubernetes_known() const { return kubernetes_known_; }
  // nullptr: Kubernetes has no such Node.
  [[nodiscard]] const KubernetesState* kubernetes(const std::string& name) const;

 private:
  ClusterRecord record_;
  LeaseRecord lease_;
  std::map<std::string, KubernetesState> kubernetes_;
  bool kubernetes_known_ = false;
  Outbox& out_;
};

}  // namespace kagent::coordinator
