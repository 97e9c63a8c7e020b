#include "coordinator/registry/leaving.hpp"

#include <utility>

namespace kagent::coordinator {
namespace {

using std::chrono::seconds;

bool leaves(const LeaveRecord& leave) {
  return leave.stage != LeaveStage::none && leave.stage != LeaveStage::left;
}

Error not_now(std::string why) {
  return {Errc::failed_precondition, std::move(why)};
}

}  // namespace

Leaving::Leaving(const Policy& policy, Cluster& cluster, const ControlPlanes& control_planes,
                 const Names& names, Membership& membership, RequestIds& ids, Outbox& out)
    : policy_(policy),
      cluster_(cluster),
      control_planes_(control_planes),
      names_(names),
      membership_(membership),
      out_(out),
      errands_(ids) {}

void Leaving::restore(Node& node) {
  if (leaves(node.record.leave)) leaving_.emplace(node.record.order, &node);
}

// --- orders

Result<bool> Leaving::order(Node& node, const LeaveWish& wish, Now now) {
  LeaveRecord& leave = node.record.leave;
  const LeaveRecord before = leave;
  if (!leaves(leave)) {
    const bool was_left = leave.stage == LeaveStage::left;
    if (was_left && !wish.remove) return not_now(node.record.id + " has been reset already");
    leave = {};
    leave.stage = was_left ? LeaveStage::unregister : LeaveStage::drain;
    leave.reset_done = was_left;
    leave.drain_until = now.wall + wish.drain_limit;
    departures_[&node] = {};
  }
  leave.remove = leave.remove || wish.remove;
  leave.force = leave.force || wish.force;
  leave.rejoin = !leave.remove && (leave.rejoin || wish.rejoin);
  // A node that is not connected can be neither drained nor reset.
  if (!node.connected && leave.stage != LeaveStage::unregister) {
    leave.stage = LeaveStage::unregister;
    errands_.end(node);
  }
  if (leave == before) return false;
  leaving_.emplace(node.record.order, &node);
  out_.save(node.record);
  out_.changed(node.record.id);
  return true;
}

Result<> Leaving::rejoin(Node& node, Now now) {
  LeaveRecord& leave = node.record.leave;
  if (leave.stage == LeaveStage::none) return not_now(node.record.id + " has not left");
  if (leave.stage == LeaveStage::left) {
    membership_.come_back(node, now);
    return {};
  }
  if (leave.remove)
    return not_now(node.record.id + " is being removed: let it come back once it is out");
  if (!std::exchange(leave.rejoin, true)) out_.save(node.record);
  return {};
}

void Leaving::rejoin_removed(Node& node, Now now) {
  // Its kubelet may have registered the node again, and it may not have got the reset order yet.
  LeaveRecord& leave = node.record.leave;
  leave.remove = false;
  leave.rejoin = true;
  leave.stage = leave.reset_done ? LeaveStage::unregister : LeaveStage::reset;
  leaving_.emplace(node.record.order, &node);
  out_.save(node.record);
  out_.changed(node.record.id);
  advance(node, now);
}

// --- the stages

void Leaving::advance(Node& node, Now now) {
  LeaveRecord& leave = node.record.leave;
  if (leave.stage == LeaveStage::drain) {
    const bool in_cluster = cluster_.initialized() && node.record.joined && names_.owns(node);
    // Nobody could drain the last control plane, and its pods would have nowhere to go.
    const bool last = node.record.role == Role::control_plane && control_planes_.size() == 1;
    if (in_cluster && !last) return request_drain(node, now);
    leave.stage = LeaveStage::reset;
    out_.save(node.record);
    out_.changed(node.record.id);
  }
  if (leave.stage == LeaveStage::reset) return send_reset(node);
  if (leave.stage == LeaveStage::unregister) request_unregister(node, now);
}

void Leaving::request_drain(Node& node, Now now) {
  const Departure& departure = departures_[&node];
  if (errands_.has(node) || now.steady < departure.next_errand) return;
  const auto left = std::chrono::ceil<seconds>(node.record.leave.drain_until - now.wall);
  if (left <= seconds(0)) {
    const std::string why =
        !departure.problem.empty() ? departure.problem : "no control plane could do it in time";
    return drain_failed(node, why, now);
  }
  const Node* worker = control_planes_.reachable(&node);
  if (worker == nullptr) return;  // tried again when one connects
  const std::string& id = worker->record.id;
  const std::uint64_t request = errands_.begin(node, id, now.steady + policy_.drain_silence);
  out_.send(RequestDrain{id, request, node.record.name, left, node.record.leave.force});
}

void Leaving::drained(const std::string& worker, Drained outcome, Now now) {
  Node* node = errands_.find(outcome.request, worker);
  if (node == nullptr || node->record.leave.stage != LeaveStage::drain) return;
  Departure& departure = departures_[node];
  departure.pods = std::move(outcome.pods);
  errands_.extend(*node, now.steady + policy_.drain_silence);
  out_.changed(node->record.id);
  if (!outcome.problem.empty()) {
    errands_.end(*node);
    drain_failed(*node, std::move(outcome.problem), now);
  } else if (outcome.done) {
    errands_.end(*node);
    departure.pods.clear();
    node->record.leave.stage = LeaveStage::reset;
    out_.save(node->record);
    advance(*node, now);
  }
}

// With force the pods that are left end with the node. Without force the order is given up.
void Leaving::drain_failed(Node& node, std::string problem, Now now) {
  LeaveRecord& leave = node.record.leave;
  out_.changed(node.record.id);
  if (leave.force) {
    leave.stage = LeaveStage::reset;
    out_.save(node.record);
    return advance(node, now);
  }
  leave = {};
  leave.problem = std::move(problem);
  leaving_.erase(node.record.order);
  out_.save(node.record);
  membership_.stays(node);
}

void Leaving::send_reset(Node& node) {
  if (!node.connected || !reset_sent_.insert(&node).second) return;
  LeaveRecord& leave = node.record.leave;
  const std::uint64_t serial = ++node.record.serial;
  if (leave.reset_serial == 0) leave.reset_serial = serial;
  out_.save(node.record);
  out_.send(SendReset{node.record.id, serial, 0,
                      leave.remove ? "the node is removed" : "the node is reset"});
}

void Leaving::reported(Node& node, Now now) {
  LeaveRecord& leave = node.record.leave;
  if (leave.stage != LeaveStage::reset || leave.reset_serial == 0 || !node.report) return;
  if (node.report->reset_serial < leave.reset_serial) return;
  leave.reset_done = true;
  leave.stage = LeaveStage::unregister;
  membership_.was_reset(node);
  out_.save(node.record);
  out_.changed(node.record.id);
  advance(node, now);
}

// A control plane's etcd member is removed, too. `kubeadm reset` has removed it already where it
// could reach the others; to remove it again is no error.
void Leaving::request_unregister(Node& node, Now now) {
  if (errands_.has(node) || now.steady < departures_[&node].next_errand) return;
  node.record.joined = node.record.was_ready = false;
  if (cluster_.record().initialized_by == node.record.id)
    cluster_.hand_over(control_planes_.heir_of(node));
  if (!cluster_.initialized() || !names_.owns(node)) return finish(node, now);
  Node* worker = control_planes_.reachable(&node);
  if (worker == nullptr) return;  // tried again when one connects
  const std::string& id = worker->record.id;
  const std::uint64_t request = errands_.begin(node, id, now.steady + policy_.unregister_timeout);
  RequestUnregister order{id, request, node.record.name, {}, 0};
  if (node.report) order.address = node.report->address;
  if (node.record.role == Role::control_plane) order.serial = out_.take_serial(worker->record);
  out_.send(std::move(order));
}

void Leaving::unregistered(const std::string& worker, std::uint64_t request, std::string problem,
                           Now now) {
  Node* node = errands_.find(request, worker);
  if (node == nullptr) return;
  errands_.end(*node);
  Departure& departure = departures_[node];
  departure.problem = std::move(problem);
  if (node->record.leave.stage != LeaveStage::unregister) return;
  if (departure.problem.empty()) return finish(*node, now);
  departure.next_errand = now.steady + policy_.leave_retry;
  out_.changed(node->record.id);
}

void Leaving::finish(Node& node, Now now) {
  errands_.end(node);
  leaving_.erase(node.record.order);
  Departure& departure = departures_[&node];
  departure.problem.clear();
  departure.pods.clear();
  node.record.leave.stage = LeaveStage::left;
  membership_.left(node, now);
}

void Leaving::expire(Now now) {
  for (Node* node : errands_.expire(now.steady)) {
    departures_[node].problem = "the control plane does not answer";
    out_.changed(node->record.id);
  }
  const auto all = leaving_;  // advance() takes those out that have left
  for (const auto& [order, node] : all) advance(*node, now);
}

// --- what people see

const Leaving::Departure& Leaving::departure(const Node& node) const {
  static const Departure none;
  const auto found = departures_.find(&node);
  return found == departures_.end() ? none : found->second;
}

const std::vector<std::string>& Leaving::pods(const Node& node) const {
  return departure(node).pods;
}

std::string Leaving::drain_reason(const Node& node) const {
  const auto& [next, problem, pods] = departure(node);
  if (!errands_.has(node))
    return problem.empty() ? "waits for a control plane that can drain it" : problem;
  if (pods.empty()) return "a control plane drains it";
  return std::to_string(pods.size()) + " pod(s) to be evicted: " + pods.front();
}

std::string Leaving::reason(const Node& node) const {
  const LeaveRecord& leave = node.record.leave;
  const std::string order = leave.remove ? "is removed: " : "is reset: ";
  switch (leave.stage) {
    case LeaveStage::none: return {};
    case LeaveStage::drain: return order + drain_reason(node);
    case LeaveStage::reset:
      return order + (node.connected
                          ? "the node undoes what kagent did"
                          : "the node is not connected; the order is sent when it connects");
    case LeaveStage::unregister: {
      const std::string& problem = departure(node).problem;
      return order + (problem.empty() ? "a control plane deletes its Node" : problem);
    }
    case LeaveStage::left:
      return "has left the cluster; `kagentctl rejoin " + title(node) + "` lets it come back";
  }
  return {};
}

}  // namespace kagent::coordinator
