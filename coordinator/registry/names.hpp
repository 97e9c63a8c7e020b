#pragma once

#include "coordinator/registry/cluster.hpp"
#include "coordinator/registry/node.hpp"

#include <string>
#include <unordered_map>
#include <vector>

namespace kagent::coordinator {

// Which node owns which name of a Kubernetes Node. A node may change its name until it is let into
// the cluster. From then on the name is bound to that node until it has left.
class Names {
 public:
  explicit Names(const Cluster& cluster) : cluster_(cluster) {}

  void add(Node& node);
  void remove(const Node& node);
  // Ignored while the node's name is bound.
  void rename(Node& node, const std::string& name);
  // The node that initialised the cluster never gets a grant, which would bind its name.
  // Idempotent.
  void bind_initialiser(Node& node);

  // The node that the name is bound to, other than `but`. nullptr: there is none.
  [[nodiscard]] const Node* holder(const std::string& name, const Node* but = nullptr) const;
  // The Kubernetes Node of that name is this node, so it may be drained and deleted for this node.
  [[nodiscard]] bool owns(const Node& node) const;
  // All nodes that say they have that name.
  [[nodiscard]] std::vector<Node*> all(const std::string& name) const;
  // State of the node in Kubernetes. nullptr: unknown, or the node was not let in under its name.
  [[nodiscard]] const KubernetesState* kubernetes(const Node& node) const;

  // Sentences for people, each empty if there is nothing to say.
  // Why the node may not join under its name.
  [[nodiscard]] std::string problem(const Node& node) const;
  // The node was renamed after it joined.
  [[nodiscard]] std::string renamed(const Node& node) const;
  // The node says that it has joined, but never got a grant for its name.
  [[nodiscard]] std::string stranger(const Node& node) const;

 private:
  const Cluster& cluster_;
  std::unordered_multimap<std::string, Node*> by_name_;
};

}  // namespace kagent::coordinator
