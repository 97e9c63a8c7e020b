#include "coordinator/registry/heartbeats.hpp"

namespace kagent::coordinator {

void Heartbeats::add(Node& node, Now now) {
  node.heard = now.steady;
  node.lost = false;
  places_[&node] = alive_.insert(alive_.end(), &node);
}

void Heartbeats::drop(const Node& node) {
  const auto place = places_.find(&node);
  if (place == places_.end()) return;
  alive_.erase(place->second);
  places_.erase(place);
}

bool Heartbeats::hear(Node& node, Now now) {
  node.record.last_seen_at = now.wall;
  if (node.lost) {
    add(node, now);
    return true;
  }
  node.heard = now.steady;
  alive_.splice(alive_.end(), alive_, places_.at(&node));
  return false;
}

std::vector<Node*> Heartbeats::sweep(Now now, std::chrono::milliseconds lost_after) {
  std::vector<Node*> lost;
  while (!alive_.empty() && now.steady - alive_.front()->heard >= lost_after) {
    Node& node = *alive_.front();
    node.lost = true;
    drop(node);
    lost.push_back(&node);
  }
  return lost;
}

}  // namespace kagent::coordinator
