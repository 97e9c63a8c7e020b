#include "coordinator/registry/cluster.hpp"

#include <utility>

namespace kagent::coordinator {

Cluster::Cluster(ClusterRecord record, LeaseRecord lease, Outbox& out)
    : record_(std::move(record)), lease_(std::move(lease)), out_(out) {}

bool Cluster::initialises(const Node& node) const {
  return node.record.id == lease_.holder &&
         (!initialized() || record_.initialized_by == node.record.id);
}

bool Cluster::set(ClusterRecord record) {
  if (record == record_) return false;
  record_ = std::move(record);
  out_.write(SaveCluster{record_});
  return true;
}

void Cluster::hand_over(const Node* heir) {
  if (heir != nullptr) {
    record_.initialized_by = heir->record.id;
  } else {
    record_ = {};
    kubernetes_.clear();
    kubernetes_known_ = false;
  }
  out_.write(SaveCluster{record_});
}

void Cluster::move_lease(const Node& to) {
  lease_ = {to.record.id, lease_.fence + 1};
  out_.write(TakeLease{lease_});
}

std::vector<std::string> Cluster::set_kubernetes(std::map<std::string, KubernetesState> nodes) {
  const auto before = std::exchange(kubernetes_, std::move(nodes));
  kubernetes_known_ = true;
  std::vector<std::string> changed;
  for (const auto& [name, state] : kubernetes_) {
    const auto old = before.find(name);
    if (old == before.end() || !(old->second == state)) changed.push_back(name);
  }
  for (const auto& [name, state] : before)
    if (!kubernetes_.contains(name)) changed.push_back(name);
  return changed;
}

const KubernetesState* Cluster::kubernetes(const std::string& name) const {
  const auto found = kubernetes_.find(name);
  return found == kubernetes_.end() ? nullptr : &found->second;
}

}  // namespace kagent::coordinator
