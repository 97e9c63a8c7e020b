// Whose the name of a Node in Kubernetes is. A node says itself what it is called, and may be
// renamed until it is let into the cluster; from then on the name is its own, and nobody else's,
// until it has left.
#include "agent/common/base/names.hpp"

#include "coordinator/registry/registry.hpp"

namespace kagent::coordinator {

const Node* Registry::name_holder(const std::string& name, const Node* but) const {
  const auto [first, last] = by_name_.equal_range(name);
  for (auto i = first; i != last; ++i)
    if (i->second != but && i->second->record.name_bound) return i->second;
  return nullptr;
}

bool Registry::owns_name(const Node& node) const {
  return node.record.name_bound && name_holder(node.record.name, &node) == nullptr;
}

void Registry::index_name(Node& node) {
  if (!node.record.name.empty()) by_name_.emplace(node.record.name, &node);
}

void Registry::unindex_name(const Node& node) {
  const auto [first, last] = by_name_.equal_range(node.record.name);
  for (auto i = first; i != last; ++i)
    if (i->second == &node) {
      by_name_.erase(i);
      return;
    }
}

void Registry::rename(Node& node, const std::string& name) {
  if (node.record.name_bound || name == node.record.name) return;
  unindex_name(node);
  node.record.name = name;
  index_name(node);
}

// The one that has made the cluster has got no grant that would have told its name.
void Registry::settle_own_name(Node& node) {
  NodeRecord& record = node.record;
  if (record.name_bound || !record.joined || record.name.empty()) return;
  if (cluster_.initialized_by != record.id || !initialises(node)) return;
  record.name_bound = name_holder(record.name, &node) == nullptr;
}

// Why it may not be let into the cluster under its name; empty if it may.
std::string Registry::name_problem(const Node& node) const {
  const std::string& name = node.record.name;
  if (name.empty())
    return "its hostname is none that Kubernetes takes for a node (RFC 1123: letters, digits, '-' "
           "and '.'): give it another";
  if (node.record.name_bound) return other_name_reason(node);
  if (const Node* holder = name_holder(name, &node))
    return "the name " + name + " is taken by node " + holder->record.id +
           ": give this node another hostname, or, if that one is not " + name +
           ", `kagentctl remove " + holder->record.id + "`";
  if (!kubernetes_known_) return "waits for the control plane to say which Nodes there are";
  if (kubernetes_.contains(name))
    return "Kubernetes has a Node " + name +
           " already, and it is not this machine: give this node another hostname, or, if that "
           "machine is gone, `kubectl delete node " +
           name + "`";
  return {};
}

// Of one that was renamed after it was let in.
std::string Registry::other_name_reason(const Node& node) const {
  const NodeRecord& record = node.record;
  if (!record.name_bound || !node.report || node.report->node_name == record.name) return {};
  const std::string now =
      node.report->node_name.empty() ? "no name of a Node" : node.report->node_name;
  return "its hostname is now " + now + ", in the cluster it is " + record.name +
         ": give it that hostname back, or `kagentctl reset --rejoin " + record.id + "`";
}

// Of one that says that it has joined, and has got no grant for its name.
std::string Registry::stranger_reason(const Node& node) const {
  const NodeRecord& record = node.record;
  if (!cluster_.initialized() || record.name_bound) return {};
  return "says that it has joined, but was never granted the name " + record.name +
         " here: it is not taken for that Node; `kagentctl reset --rejoin " + record.id + "`";
}

}  // namespace kagent::coordinator
