#include "coordinator/registry/roles.hpp"

#include <algorithm>

namespace kagent::coordinator {
namespace {

bool has_failed_step(const Node& node) {
  return node.report && std::ranges::any_of(node.report->steps, [](const StepReport& step) {
           return step.state == StepState::failed;
         });
}

}  // namespace

Roles::Roles(const Policy& policy, Nodes& nodes, ControlPlanes& control_planes, Cluster& cluster,
             ApiServers& api_servers, Outbox& out)
    : policy_(policy),
      nodes_(nodes),
      control_planes_(control_planes),
      cluster_(cluster),
      api_servers_(api_servers),
      out_(out) {}

void Roles::set(Node& node, Role role) {
  if (role == Role::control_plane) {
    if (node.record.role != role) out_.send(ControlPlaneMade{node.record.id});
    control_planes_.add(node);
  } else {
    control_planes_.remove(node);
  }
  node.record.role = role;
}

void Roles::give(Node& node) {
  if (node.record.role != Role::none) return;
  const bool seat = control_planes_.size() < policy_.control_planes;
  if (node.record.wanted != WantedRole::worker && seat)
    set(node, Role::control_plane);
  else if (node.record.wanted != WantedRole::control_plane)
    set(node, Role::worker);
  else
    return;
  out_.save(node.record);
}

void Roles::take_away(Node& node) {
  set(node, Role::none);
  out_.save(node.record);
}

void Roles::fill_seats() {
  for (const auto& node : nodes_.all()) {
    if (!node->connected || node->record.role != Role::none) continue;
    give(*node);
    if (node->record.role != Role::none) send_assignment(*node);
  }
}

bool Roles::holder_is_out(Now now) const {
  const Node* holder = nodes_.find(cluster_.lease().holder);
  if (holder == nullptr || holder->record.leave.stage != LeaveStage::none) return true;
  if (holder->lost) return now.steady - holder->heard >= policy_.init_takeover_after;
  return has_failed_step(*holder) && !holder->record.joined;
}

// Control planes come first, then nodes that wait for a seat, then workers that accept any role and
// have not joined; each group in the order of enrolment. Before the lease was ever held, workers
// are no candidates.
Node* Roles::next_initializer() const {
  const std::string& before = cluster_.lease().holder;
  const auto able = [&](const Node& node) {
    return node.connected && node.record.leave.stage == LeaveStage::none &&
           node.record.id != before && !node.record.init_failed && !has_failed_step(node);
  };
  for (const auto& [order, node] : control_planes_.by_order())
    if (able(*node)) return node;
  if (before.empty()) return nullptr;
  for (const auto& node : nodes_.all())
    if (able(*node) && node->record.role == Role::none) return node.get();
  for (const auto& node : nodes_.all())
    if (able(*node) && node->record.wanted == WantedRole::automatic && !node->record.joined)
      return node.get();
  return nullptr;
}

void Roles::settle_lease(Now now) {
  // There is never a second cluster, whatever happens to the first control plane.
  if (cluster_.initialized()) return;
  if (!cluster_.lease().holder.empty() && !holder_is_out(now)) return;
  if (Node* next = next_initializer()) move_lease(*next);
}

void Roles::move_lease(Node& to) {
  Node* from = nodes_.find(cluster_.lease().holder);
  if (from != nullptr) {
    NodeRecord& record = from->record;
    record.reset_fence = cluster_.lease().fence;
    record.reset_serial = 0;
    record.init_failed = !from->lost && record.leave.stage == LeaveStage::none;
    record.joined = record.was_ready = false;
    set(*from, record.wanted == WantedRole::automatic ? Role::worker : Role::none);
  }
  if (to.record.role != Role::control_plane) set(to, Role::control_plane);
  cluster_.move_lease(to);
  out_.save(to.record);
  if (from != nullptr) {
    give(*from);
    out_.save(from->record);
    send_assignment(*from);
    out_.changed(from->record.id);
  }
  send_assignment(to);
  out_.changed(to.record.id);
}

void Roles::note_serial(Node& node, std::uint64_t serial) {
  NodeRecord& record = node.record;
  // The node lacks the Assignment that followed the reset order, and perhaps the order itself.
  if (record.reset_fence != 0 && serial < record.reset_serial) record.reset_serial = 0;
}

bool Roles::holds_current(const Node& node, std::uint64_t serial) const {
  const NodeRecord& record = node.record;
  return serial == record.assignment_serial && is_current(node) &&
         (record.reset_fence == 0 || record.reset_serial != 0);
}

bool Roles::is_current(const Node& node) const {
  return node.record.assignment_digest == digest(node);
}

std::string Roles::digest(const Node& node) const {
  const bool init = cluster_.initialises(node);
  std::string text = node.record.role == Role::control_plane ? "control-plane" : "worker";
  if (init) text += "/init/" + std::to_string(cluster_.lease().fence);
  text += "/" + policy_.config_digest;
  for (const std::string& address : api_servers_.list()) text += "/" + address;
  return text;
}

void Roles::settle_api_servers() {
  if (!api_servers_.settle()) return;
  for (const auto& node : nodes_.all())
    if (node->connected && !is_current(*node)) send_assignment(*node);
}

void Roles::send_assignment(Node& node) {
  NodeRecord& record = node.record;
  if (!node.connected || record.leave.stage != LeaveStage::none) return;
  const bool reset = record.reset_fence != 0 && record.reset_serial == 0;
  if (record.role == Role::none && !reset) return;
  SendReset order{record.id, 0, record.reset_fence,
                  "the init lease went to " + cluster_.lease().holder};
  if (reset) order.serial = ++record.serial;
  if (record.role == Role::none) {
    // No Assignment follows whose serial would show that the order has arrived, so the order goes
    // out again with every Hello. A node that has done nothing is not harmed by it.
    out_.save(record);
    out_.send(std::move(order));
    return;
  }
  record.assignment_serial = ++record.serial;
  record.assignment_digest = digest(node);
  if (reset) record.reset_serial = record.assignment_serial;
  out_.save(record);
  if (reset) out_.send(std::move(order));
  const bool init = cluster_.initialises(node);
  out_.send(SendAssignment{record.id, record.assignment_serial, record.role, init,
                           init ? cluster_.lease().fence : 0, api_servers_.list()});
}

}  // namespace kagent::coordinator
