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
                   " is not connected, and only the node itself can reset: bring it back, or take "
                   "it out as it is by `kagentctl remove --force " +
                   name + "`");
  if (!node.connected && !wish.force)
    return not_now(name +
                   " is not connected: it can be neither drained nor reset. With --force it is "
                   "taken out as it is; should it come back, it resets itself");
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
                   " other node(s) live by it: reset or remove those first");
  if (!wish.force)
    return not_now(name +
                   " is the last node of the cluster: with it goes the cluster and all that is "
                   "kept in it. With --force it does");
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
  return not_now(node.record.name + " holds etcd's quorum: of the " + std::to_string(members) +
                 " other control plane(s) only " + std::to_string(alive) +
                 " would serve, and etcd wants " + std::to_string(quorum) +
                 ". Bring the others back, or take out those that are lost for good, and then this "
                 "one; with --force it goes now, and the cluster may stand still");
}

}  // namespace kagent::coordinator
