#pragma once

#include "coordinator/registry/cluster.hpp"
#include "coordinator/registry/node.hpp"

#include <cstdint>
#include <map>

namespace kagent::coordinator {

// The nodes whose role is control plane.
class ControlPlanes {
 public:
  explicit ControlPlanes(const Cluster& cluster) : cluster_(cluster) {}

  // Both are idempotent.
  void add(Node& node) { by_order_.emplace(node.record.order, &node); }
  void remove(const Node& node) { by_order_.erase(node.record.order); }

  [[nodiscard]] const std::map<std::uint64_t, Node*>& by_order() const { return by_order_; }
  [[nodiscard]] std::size_t size() const { return by_order_.size(); }

  // A connected control plane that is in the cluster, other than `but`: the one that initialised
  // the cluster, else the oldest. nullptr: there is none.
  [[nodiscard]] Node* reachable(const Node* but = nullptr) const;
  // The oldest other one that is in the cluster. nullptr: there is none.
  [[nodiscard]] const Node* heir_of(const Node& node) const;

 private:
  const Cluster& cluster_;
  std::map<std::uint64_t, Node*> by_order_;  // of enrolment
};

}  // namespace kagent::coordinator
