#include "coordinator/registry/names.hpp"

namespace kagent::coordinator {

void Names::add(Node& node) {
  if (!node.record.name.empty()) by_name_.emplace(node.record.name, &node);
}

void Names::remove(const Node& node) {
  const auto [first, last] = by_name_.equal_range(node.record.name);
  for (auto i = first; i != last; ++i)
    if (i->second == &node) {
      by_name_.erase(i);
      return;
    }
}

void Names::rename(Node& node, const std::string& name) {
  if (node.record.name_bound || name == node.record.name) return;
  remove(node);
  node.record.name = name;
  add(node);
}

void Names::bind_initialiser(Node& node) {
  NodeRecord& record = node.record;
  if (record.name_bound || !record.joined || record.name.empty()) return;
  if (cluster_.record().initialized_by != record.id || !cluster_.initialises(node)) return;
  record.name_bound = holder(record.name, &node) == nullptr;
}

const Node* Names::holder(const std::string& name, const Node* but) const {
  const auto [first, last] = by_name_.equal_range(name);
  for (auto i = first; i != last; ++i)
    if (i->second != but && i->second->record.name_bound) return i->second;
  return nullptr;
}

bool Names::owns(const Node& node) const {
  return node.record.name_bound && holder(node.record.name, &node) == nullptr;
}

std::vector<Node*> Names::all(const std::string& name) const {
  std::vector<Node*> nodes;
  const auto [first, last] = by_name_.equal_range(name);
  for (auto i = first; i != last; ++i) nodes.push_back(i->second);
  return nodes;
}

const KubernetesState* Names::kubernetes(const Node& node) const {
  if (!node.record.joined || !node.record.name_bound) return nullptr;
  return cluster_.kubernetes(node.record.name);
}

std::string Names::problem(const Node& node) const {
  const std::string& name = node.record.name;
  if (name.empty())
    return "its hostname is not a valid node name for Kubernetes (RFC 1123: letters, digits, '-' "
           "and '.'): give it another hostname";
  if (node.record.name_bound) return renamed(node);
  if (const Node* holder = this->holder(name, &node))
    return "the name " + name + " is taken by node " + holder->record.id +
           ": give this node another hostname, or, if the name is not " + holder->record.id +
           "'s, `kagentctl remove " + holder->record.id + "`";
  if (!cluster_.kubernetes_known())
    return "waits for a control plane to list the Nodes of Kubernetes";
  if (cluster_.kubernetes(name) != nullptr)
    return "Kubernetes has a Node " + name +
           " already, which is another machine: give this node another hostname, or, if that "
           "machine is gone, `kubectl delete node " +
           name + "`";
  return {};
}

std::string Names::renamed(const Node& node) const {
  const NodeRecord& record = node.record;
  if (!record.name_bound || !node.report || node.report->node_name == record.name) return {};
  const std::string now =
      node.report->node_name.empty() ? "not a valid node name" : node.report->node_name;
  return "its hostname is now " + now + ", but in the cluster it is " + record.name +
         ": restore that hostname, or `kagentctl reset --rejoin " + record.id + "`";
}

std::string Names::stranger(const Node& node) const {
  const NodeRecord& record = node.record;
  if (!cluster_.initialized() || record.name_bound) return {};
  return "reports that it has joined, but was never granted the name " + record.name +
         " and does not count as that Node: `kagentctl reset --rejoin " + record.id + "`";
}

}  // namespace kagent::coordinator
