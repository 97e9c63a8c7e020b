#include "coordinator/registry/api_servers.hpp"

#include <algorithm>
#include <utility>

namespace kagent::coordinator {

ApiServers::ApiServers(const Policy& policy, const Cluster& cluster,
                       const ControlPlanes& control_planes)
    : policy_(policy), cluster_(cluster), control_planes_(control_planes) {}

void ApiServers::take(const Node& node, Now now) {
  if (!node.report || node.report->address.empty()) return;
  if (!node.record.joined && !cluster_.initialises(node)) return;
  Address& known = by_node_[&node];
  if (known.address == node.report->address) return;
  if (!known.address.empty() && now.steady < known.next_change) return;
  known = {node.report->address, now.steady + policy_.address_patience};
}

void ApiServers::restore(const Node& node) {
  if (!node.report || node.report->address.empty()) return;
  if (node.record.joined || cluster_.initialises(node))
    by_node_[&node] = {node.report->address, {}};
}

bool ApiServers::settle() {
  std::vector<std::string> addresses;
  if (policy_.local_balancer)
    for (const auto& [order, node] : control_planes_.by_order()) {
      const LeaveStage stage = node->record.leave.stage;
      const bool stays = stage == LeaveStage::none || stage == LeaveStage::drain;
      const bool serves = node->record.name_bound || cluster_.initialises(*node);
      const auto known = by_node_.find(node);
      if (stays && serves && known != by_node_.end()) addresses.push_back(known->second.address);
    }
  std::ranges::sort(addresses);
  if (addresses == list_) return false;
  list_ = std::move(addresses);
  return true;
}

}  // namespace kagent::coordinator
