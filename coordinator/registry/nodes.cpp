#include "coordinator/registry/nodes.hpp"

#include <algorithm>
#include <utility>

namespace kagent::coordinator {

void Nodes::count(const Node& node) {
  next_order_ = std::max(next_order_, node.record.order + 1);
}

Node& Nodes::create(const std::string& id) {
  auto node = std::make_unique<Node>();
  node->record.id = id;
  node->record.order = next_order_;
  return add(std::move(node));
}

Node& Nodes::add(std::unique_ptr<Node> node) {
  count(*node);
  by_id_.emplace(node->record.id, node.get());
  const auto younger = [&](const auto& other) { return other->record.order > node->record.order; };
  const bool last = all_.empty() || !younger(all_.back());
  const auto place = last ? all_.end() : std::ranges::find_if(all_, younger);
  return **all_.insert(place, std::move(node));
}

void Nodes::add_removed(std::unique_ptr<Node> node) {
  count(*node);
  const std::string id = node->record.id;
  removed_[id] = std::move(node);
}

void Nodes::remove(const Node& node) {
  const std::string id = node.record.id;
  by_id_.erase(id);
  const auto place = std::ranges::find(all_, &node, &std::unique_ptr<Node>::get);
  removed_[id] = std::move(*place);
  all_.erase(place);
}

Node* Nodes::restore(const std::string& id) {
  const auto found = removed_.find(id);
  if (found == removed_.end()) return nullptr;
  auto node = std::move(found->second);
  removed_.erase(found);
  return &add(std::move(node));
}

Node* Nodes::find(const std::string& id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

const Node* Nodes::find(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

NodeRecord* Nodes::removed(const std::string& id) {
  const auto found = removed_.find(id);
  return found == removed_.end() ? nullptr : &found->second->record;
}

const NodeRecord* Nodes::removed(const std::string& id) const {
  const auto found = removed_.find(id);
  return found == removed_.end() ? nullptr : &found->second->record;
}

}  // namespace kagent::coordinator
