// Roles and the init lease.
#include "coordinator/registry/registry.hpp"

#include <algorithm>

namespace kagent::coordinator {
namespace {

bool has_failed_step(const Node& node) {
  return node.report && std::ranges::any_of(node.report->steps, [](const StepReport& step) {
           return step.state == StepState::failed;
         });
}

}  // namespace

void Registry::set_role(Node& node, Role role) {
  if (role == Role::control_plane) {
    if (node.record.role != role) out_.send(ControlPlaneMade{node.record.id});
    control_planes_.emplace(node.record.order, &node);
  } else {
    control_planes_.erase(node.record.order);
  }
  node.record.role = role;
}

unsigned Registry::seats_taken() const {
  return static_cast<unsigned>(control_planes_.size());
}

// A role, once given, stays. "control-plane" is a wish: it is granted while there is a seat.
void Registry::give_role(Node& node) {
  if (node.record.role != Role::none) return;
  const bool seat = seats_taken() < policy_.control_planes;
  if (node.record.wanted != WantedRole::worker && seat)
    set_role(node, Role::control_plane);
  else if (node.record.wanted != WantedRole::control_plane)
    set_role(node, Role::worker);
  else
    return;
  save(node);
}

// The holder cannot be waited for any longer.
bool Registry::holder_is_out(Now now) const {
  const Node* holder = find(lease_.holder);
  if (holder == nullptr || holder->record.leave.stage != LeaveStage::none) return true;
  if (holder->lost) return now.steady - holder->heard >= policy_.init_takeover_after;
  return has_failed_step(*holder) && !holder->record.joined;
}

// Control planes first, then those that wait for a seat, then workers that take any role and have
// not joined; in the order of enrolment. Only when nobody has held the lease yet, workers stay so.
Node* Registry::next_initializer() const {
  const auto able = [this](const Node& node) {
    return node.connected && node.record.leave.stage == LeaveStage::none &&
           node.record.id != lease_.holder && !node.record.init_failed && !has_failed_step(node);
  };
  for (const auto& [order, node] : control_planes_)
    if (able(*node)) return node;
  if (lease_.holder.empty()) return nullptr;
  for (const auto& node : nodes_)
    if (able(*node) && node->record.role == Role::none) return node.get();
  for (const auto& node : nodes_)
    if (able(*node) && node->record.wanted == WantedRole::automatic && !node->record.joined)
      return node.get();
  return nullptr;
}

void Registry::settle_lease(Now now) {
  // Once a cluster exists there is no second one, whatever becomes of the first control plane.
  if (cluster_.initialized()) return;
  if (!lease_.holder.empty() && !holder_is_out(now)) return;
  if (Node* next = next_initializer()) move_lease(*next, now);
}

void Registry::move_lease(Node& to, Now) {
  Node* from = get(lease_.holder);
  if (from != nullptr) {
    NodeRecord& record = from->record;
    record.reset_fence = lease_.fence;
    record.reset_serial = 0;
    record.init_failed = !from->lost && record.leave.stage == LeaveStage::none;
    record.joined = record.was_ready = false;
    set_role(*from, record.wanted == WantedRole::automatic ? Role::worker : Role::none);
  }
  lease_ = {to.record.id, lease_.fence + 1};
  if (to.record.role != Role::control_plane) set_role(to, Role::control_plane);
  out_.write(TakeLease{lease_});
  save(to);
  if (from != nullptr) {
    give_role(*from);
    save(*from);
    send_assignment(*from);
    changed(*from);
  }
  send_assignment(to);
  changed(to);
}

// A control plane that has left and comes back joins what the others have kept.
bool Registry::initialises(const Node& node) const {
  return node.record.id == lease_.holder &&
         (!cluster_.initialized() || cluster_.initialized_by == node.record.id);
}

std::string Registry::digest(const Node& node) const {
  const bool init = initialises(node);
  std::string text = node.record.role == Role::control_plane ? "control-plane" : "worker";
  if (init) text += "/init/" + std::to_string(lease_.fence);
  text += "/" + policy_.config_digest;
  for (const std::string& address : api_servers_) text += "/" + address;
  return text;
}

// Every control plane that was let in and stays: HAProxy finds out by itself which of them answer.
void Registry::settle_api_servers() {
  std::vector<std::string> addresses;
  if (policy_.local_balancer)
    for (const auto& [order, node] : control_planes_) {
      const LeaveStage stage = node->record.leave.stage;
      const bool stays = stage == LeaveStage::none || stage == LeaveStage::drain;
      const bool serves = node->record.name_bound || initialises(*node);
      if (stays && serves && !node->address.empty()) addresses.push_back(node->address);
    }
  std::ranges::sort(addresses);
  if (addresses == api_servers_) return;
  api_servers_ = std::move(addresses);
  for (const auto& node : nodes_)
    if (node->connected && node->record.assignment_digest != digest(*node)) send_assignment(*node);
}

// What several events have changed goes out once.
Actions Registry::take_actions() {
  settle_api_servers();
  return out_.take();
}

// To a node that is not there nothing is sent: it says in its Hello what it has.
void Registry::send_assignment(Node& node) {
  NodeRecord& record = node.record;
  if (!node.connected || record.leave.stage != LeaveStage::none) return;
  const bool reset = record.reset_fence != 0 && record.reset_serial == 0;
  if (record.role == Role::none && !reset) return;
  SendReset order{record.id, 0, record.reset_fence, "the init lease went to " + lease_.holder};
  if (reset) order.serial = ++record.serial;
  if (record.role == Role::none) {
    // There is no Assignment whose serial would show that the order has arrived: it is sent again
    // with every Hello, and is harmless to a node that has done nothing.
    save(node);
    out_.send(std::move(order));
    return;
  }
  record.assignment_serial = ++record.serial;
  record.assignment_digest = digest(node);
  if (reset) record.reset_serial = record.assignment_serial;
  save(node);
  if (reset) out_.send(std::move(order));
  const bool init = initialises(node);
  out_.send(SendAssignment{record.id, record.assignment_serial, record.role, init,
                           init ? lease_.fence : 0, api_servers_});
}

}  // namespace kagent::coordinator
