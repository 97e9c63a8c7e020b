#pragma once

#include "coordinator/registry/node.hpp"
#include "coordinator/registry/request_ids.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace kagent::coordinator {

// Requests to control planes that are not answered yet: to drain a node that leaves, or to delete
// its Node. At most one for each node that leaves.
class Errands {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Errands(RequestIds& ids) : ids_(ids) {}

  // Returns the number of the request to `worker`. The node must have no errand.
  std::uint64_t begin(Node& node, const std::string& worker, Time deadline);
  void extend(const Node& node, Time deadline);
  void end(const Node& node);  // idempotent
  void end_of_worker(const std::string& worker);
  // Ends the errands that are late, and returns their nodes.
  std::vector<Node*> expire(Time now);

  [[nodiscard]] bool has(const Node& node) const { return by_node_.contains(&node); }
  // The node that the errand is for. nullptr: that worker has no such request to answer.
  [[nodiscard]] Node* find(std::uint64_t request, const std::string& worker) const;

 private:
  struct Errand {
    Node* node;
    std::string worker;
    Time deadline;
  };
  template <class Which>
  std::vector<Node*> end_all(const Which& which);

  RequestIds& ids_;
  std::map<std::uint64_t, Errand> by_request_;
  std::unordered_map<const Node*, std::uint64_t> by_node_;
};

}  // namespace kagent::coordinator
