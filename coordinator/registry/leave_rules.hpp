#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/cluster.hpp"
#include "coordinator/registry/control_planes.hpp"
#include "coordinator/registry/events.hpp"
#include "coordinator/registry/nodes.hpp"

namespace kagent::coordinator {

// Whether a node may leave, given what the cluster would lose. Changes nothing.
class LeaveRules {
 public:
  LeaveRules(const Nodes& nodes, const ControlPlanes& control_planes, const Cluster& cluster);

  // Errors: failed_precondition, with what to do instead.
  [[nodiscard]] Result<> may_leave(const Node& node, const LeaveWish& wish) const;

 private:
  [[nodiscard]] Result<> may_leave_cluster(const Node& node, const LeaveWish& wish) const;
  [[nodiscard]] Result<> keeps_quorum_without(const Node& node) const;

  const Nodes& nodes_;
  const ControlPlanes& control_planes_;
  const Cluster& cluster_;
};

}  // namespace kagent::coordinator
