#include "coordinator/registry/errands.hpp"

namespace kagent::coordinator {

std::uint64_t Errands::begin(Node& node, const std::string& worker, Time deadline) {
  const std::uint64_t request = ids_.next();
  by_request_[request] = {&node, worker, deadline};
  by_node_[&node] = request;
  return request;
}

void Errands::extend(const Node& node, Time deadline) {
  if (const auto found = by_node_.find(&node); found != by_node_.end())
    by_request_.at(found->second).deadline = deadline;
}

void Errands::end(const Node& node) {
  const auto found = by_node_.find(&node);
  if (found == by_node_.end()) return;
  by_request_.erase(found->second);
  by_node_.erase(found);
}

template <class Which>
std::vector<Node*> Errands::end_all(const Which& which) {
  std::vector<Node*> nodes;
  for (const auto& [request, errand] : by_request_)
    if (which(errand)) nodes.push_back(errand.node);
  for (const Node* node : nodes) end(*node);
  return nodes;
}

void Errands::end_of_worker(const std::string& worker) {
  (void)end_all([&](const Errand& errand) { return errand.worker == worker; });
}

std::vector<Node*> Errands::expire(Time now) {
  return end_all([&](const Errand& errand) { return errand.deadline <= now; });
}

Node* Errands::find(std::uint64_t request, const std::string& worker) const {
  const auto found = by_request_.find(request);
  if (found == by_request_.end() || found->second.worker != worker) return nullptr;
  return found->second.node;
}

}  // namespace kagent::coordinator
