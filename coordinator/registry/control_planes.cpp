#include "coordinator/registry/control_planes.hpp"

namespace kagent::coordinator {

Node* ControlPlanes::reachable(const Node* but) const {
  if (!cluster_.initialized()) return nullptr;
  Node* oldest = nullptr;
  for (const auto& [order, candidate] : by_order_) {
    if (!candidate->connected || !candidate->record.joined || candidate == but) continue;
    if (candidate->record.leave.stage > LeaveStage::drain) continue;
    if (candidate->record.id == cluster_.record().initialized_by) return candidate;
    if (oldest == nullptr) oldest = candidate;
  }
  return oldest;
}

const Node* ControlPlanes::heir_of(const Node& node) const {
  for (const auto& [order, other] : by_order_)
    if (other != &node && other->record.joined) return other;
  return nullptr;
}

}  // namespace kagent::coordinator
