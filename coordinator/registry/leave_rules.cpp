#include "coordinator/registry/leave_rules.hpp"

#include <algorithm>
#include <string>

namespace kagent::coordinator {
namespace {

Error not_now(std::string why) {
  return {Errc::failed_precondition, std::move(why)};
}

bool leaves(const Node& node) {
  const LeaveStage stage = node.record.leave.stage;
  return stage != LeaveStage::none && stage != LeaveStage::left;
}

}  // namespace

LeaveRules::LeaveRules(const Nodes& nodes, const ControlPlanes& control_planes,
                       const Cluster& cluster)
    : nodes_(nodes), control_planes_(control_planes), cluster_(cluster) {}

Result<> LeaveRules::may_leave(const Node& node, const LeaveWish& wish) const {
  const std::string& name = title(node);
  if (!node.connected && !wish.remove)
    return not_now(name +
                   " is not connected, and only the node itself can reset: bring it back, or "
                   "remove it without a reset by `kagentctl remove --force " +
                   name + "`");
  if (!node.connected && !wish.force)
    return not_now(name +
                   " is not connected, so it can be neither drained nor reset. --force removes "
                   "it all the same; it resets itself if it comes back");
  if (!cluster_.initialized() || node.record.role != Role::control_plane || !node.record.joined)
    return {};
  return may_leave_cluster(node, wish);
}

// For a control plane that is in the cluster.
Result<> LeaveRules::may_leave_cluster(const Node& node, const LeaveWish& wish) const {
  const bool another = std::ranges::any_of(control_planes_.by_order(), [&](const auto& entry) {
    const Node& other = *entry.second;
    return &other != &node && other.record.joined && !leaves(other);
  });
  if (another) return wish.force ? Result<>() : keeps_quorum_without(node);
  const auto others = std::ranges::count_if(nodes_.all(), [&](const auto& other) {
    return other.get() != &node && other->record.joined &&
           other->record.leave.stage != LeaveStage::left;
  });
  const std::string& name = title(node);
  if (others > 0)
    return not_now(name + " is the only control plane, and " + std::to_string(others) +
                   " other node(s) depend on it: reset or remove those first");
  if (!wish.force)
    return not_now(name +
                   " is the last node, so the cluster and all its data would be lost; --force "
                   "does that");
  return {};
}

Result<> LeaveRules::keeps_quorum_without(const Node& node) const {
  std::size_t members = 0;  // of etcd, without the node
  std::size_t alive = 0;    // of these
  for (const auto& [order, other] : control_planes_.by_order()) {
    if (other == &node || !other->record.joined) continue;
    ++members;
    if (other->connected && !leaves(*other)) ++alive;
  }
  const std::size_t quorum = members / 2 + 1;
  if (alive >= quorum) return {};
  return not_now(node.record.name + " is needed for etcd's quorum: of the " +
                 std::to_string(members) + " other control plane(s) only " + std::to_string(alive) +
                 " would serve, and etcd needs " + std::to_string(quorum) +
                 ". Bring the others back, or remove those that are lost for good, and then this "
                 "one; --force takes it out now, and the cluster may stop");
}

}  // namespace kagent::coordinator
