#pragma once

#include "coordinator/registry/node.hpp"

#include <chrono>
#include <list>
#include <unordered_map>
#include <vector>

namespace kagent::coordinator {

// Knows which nodes are lost. The cost of a sweep depends on the nodes that become lost, not on
// all.
class Heartbeats {
 public:
  // Counts as heard now, so that a node has time to connect after a start of the coordinator.
  void add(Node& node, Now now);
  void drop(const Node& node);
  // True: the node was lost until now.
  bool hear(Node& node, Now now);
  // Marks and returns the nodes that have become lost, the one silent longest first.
  std::vector<Node*> sweep(Now now, std::chrono::milliseconds lost_after);

 private:
  std::list<Node*> alive_;  // the one silent longest first
  std::unordered_map<const Node*, std::list<Node*>::iterator> places_;
};

}  // namespace kagent::coordinator
