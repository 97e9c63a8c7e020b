// How a node leaves: drained by a control plane, reset by itself, taken out of Kubernetes by a
// control plane. Where it is on that way is on disk; what was asked of whom is asked again.
#include "coordinator/registry/registry.hpp"

#include <algorithm>

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

const NodeRecord* Registry::removed(const std::string& id) const {
  const auto found = removed_.find(id);
  return found == removed_.end() ? nullptr : &found->second->record;
}

// --- orders

Result<> Registry::may_leave(const Node& node, const LeaveWish& wish) const {
  const std::string& name = node.record.name.empty() ? node.record.id : node.record.name;
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
  const auto others = std::ranges::count_if(nodes_, [&](const auto& other) {
    return other.get() != &node && other->record.joined &&
           other->record.leave.stage != LeaveStage::left;
  });
  const bool another = std::ranges::any_of(control_planes_, [&](const auto& entry) {
    const Node& other = *entry.second;
    return &other != &node && other.record.joined && !leaves(other.record.leave);
  });
  if (another) return wish.force ? Result<>() : keeps_quorum_without(node);
  if (others > 0)
    return not_now(name + " is the only control plane, and " + std::to_string(others) +
                   " other node(s) live by it: reset or remove those first");
  if (!wish.force)
    return not_now(name +
                   " is the last node of the cluster: with it goes the cluster and all that is "
                   "kept in it. With --force it does");
  return {};
}

Result<> Registry::keeps_quorum_without(const Node& node) const {
  std::size_t left = 0;   // members that will be left
  std::size_t alive = 0;  // of them
  for (const auto& [order, other] : control_planes_) {
    if (other == &node || !other->record.joined) continue;
    ++left;
    if (other->connected && !leaves(other->record.leave)) ++alive;
  }
  const std::size_t quorum = left / 2 + 1;
  if (alive >= quorum) return {};
  return not_now(node.record.name + " holds etcd's quorum: of the " + std::to_string(left) +
                 " other control plane(s) only " + std::to_string(alive) +
                 " would serve, and etcd wants " + std::to_string(quorum) +
                 ". Bring the others back, or take out those that are lost for good, and then this "
                 "one; with --force it goes now, and the cluster may stand still");
}

Result<> Registry::leave(const std::string& id, const LeaveWish& wish, Now now) {
  Node* node = get(id);
  if (node == nullptr) return Error(Errc::not_found, "there is no node " + id);
  LeaveRecord& leave = node->record.leave;
  const LeaveRecord before = leave;
  if (auto may = may_leave(*node, wish); !may) return may;
  if (!leaves(leave)) {
    const bool was_left = leave.stage == LeaveStage::left;
    if (was_left && !wish.remove) return not_now(id + " has been reset already");
    leave = {};
    leave.stage = was_left ? LeaveStage::unregister : LeaveStage::drain;
    leave.reset_done = was_left;
    leave.drain_until = now.wall + wish.drain_limit;
    node->errand_problem.clear();
    node->next_errand = {};
    node->pods.clear();
  }
  leave.remove = leave.remove || wish.remove;
  leave.force = leave.force || wish.force;
  leave.rejoin = !leave.remove && (leave.rejoin || wish.rejoin);
  // It cannot be waited for.
  if (!node->connected && leave.stage != LeaveStage::unregister) {
    leave.stage = LeaveStage::unregister;
    drop_errand(*node);
  }
  if (leave == before) return {};
  leaving_.emplace(node->record.order, node);
  save(*node);
  changed(*node);
  settle_lease(now);  // it may hold the init lease of a cluster that is not there yet
  advance(*node, now);
  return {};
}

Result<> Registry::rejoin(const std::string& id, Now now) {
  if (const auto found = removed_.find(id); found != removed_.end()) {
    auto node = std::move(found->second);
    removed_.erase(found);
    node->heard = now.steady;
    node->lost = false;
    node->by_heard = alive_.insert(alive_.end(), node.get());
    by_id_.emplace(id, node.get());
    index_name(*node);
    const auto place = std::ranges::find_if(
        nodes_, [&](const auto& other) { return other->record.order > node->record.order; });
    Node& back = **nodes_.insert(place, std::move(node));
    // Its kubelet may have registered it again; and it may not have been told to reset yet.
    LeaveRecord& leave = back.record.leave;
    leave.remove = false;
    leave.rejoin = true;
    leave.stage = leave.reset_done ? LeaveStage::unregister : LeaveStage::reset;
    leaving_.emplace(back.record.order, &back);
    save(back);
    changed(back);
    advance(back, now);
    return {};
  }
  Node* node = get(id);
  if (node == nullptr) return Error(Errc::not_found, "there is no node " + id);
  LeaveRecord& leave = node->record.leave;
  if (leave.stage == LeaveStage::none) return not_now(id + " has not left");
  if (leave.stage == LeaveStage::left) {
    come_back(*node, now);
    return {};
  }
  if (leave.remove) return not_now(id + " is being removed: let it come back once it is out");
  if (std::exchange(leave.rejoin, true)) return {};
  save(*node);
  return {};
}

void Registry::come_back(Node& node, Now now) {
  node.record.leave = {};
  node.record.assignment_digest.clear();
  save(node);
  changed(node);
  if (!node.connected) return;
  give_role(node);
  settle_lease(now);
  if (node.record.assignment_digest.empty()) send_assignment(node);
}

// --- the way

void Registry::advance(Node& node, Now now) {
  LeaveRecord& leave = node.record.leave;
  if (leave.stage == LeaveStage::drain) {
    const bool in_cluster = cluster_.initialized() && node.record.joined && owns_name(node);
    const bool last = node.record.role == Role::control_plane &&
                      control_planes_.size() == 1;  // there is nobody to do it, nowhere to go
    if (in_cluster && !last) return request_drain(node, now);
    leave.stage = LeaveStage::reset;
    save(node);
    changed(node);
  }
  if (leave.stage == LeaveStage::reset) return send_reset(node);
  if (leave.stage == LeaveStage::unregister) request_unregister(node, now);
}

void Registry::request_drain(Node& node, Now now) {
  if (node.errand || now.steady < node.next_errand) return;
  const auto left = std::chrono::ceil<seconds>(node.record.leave.drain_until - now.wall);
  const Node* worker = reachable_control_plane(&node);
  if (left <= seconds(0)) {
    const std::string why =
        !node.errand_problem.empty() ? node.errand_problem : "no control plane could do it in time";
    return drain_failed(node, why, now);
  }
  if (worker == nullptr) return;  // asked when one comes
  const std::uint64_t request = next_request_++;
  node.errand = Errand{request, worker->record.id, now.steady + policy_.drain_silence};
  errands_.emplace(request, &node);
  out_.send(
      RequestDrain{worker->record.id, request, node.record.name, left, node.record.leave.force});
}

void Registry::drained(const std::string& worker, Drained outcome, Now now) {
  if (Node* sender = get(worker)) hear(*sender, now);
  const auto found = errands_.find(outcome.request);
  if (found == errands_.end() || found->second->errand->worker != worker) return;
  Node& node = *found->second;
  if (node.record.leave.stage != LeaveStage::drain) return;
  node.pods = std::move(outcome.pods);
  node.errand->deadline = now.steady + policy_.drain_silence;
  changed(node);
  if (!outcome.problem.empty()) {
    drop_errand(node);
    drain_failed(node, std::move(outcome.problem), now);
  } else if (outcome.done) {
    drop_errand(node);
    node.pods.clear();
    node.record.leave.stage = LeaveStage::reset;
    save(node);
    advance(node, now);
  }
}

// With force what is left goes down with the node; else the order is given up, and says why.
void Registry::drain_failed(Node& node, std::string problem, Now now) {
  LeaveRecord& leave = node.record.leave;
  changed(node);
  if (leave.force) {
    leave.stage = LeaveStage::reset;
    save(node);
    return advance(node, now);
  }
  leave = {};
  leave.problem = std::move(problem);
  leaving_.erase(node.record.order);
  save(node);
  if (node.connected && node.record.assignment_digest != digest(node)) send_assignment(node);
}

void Registry::send_reset(Node& node) {
  if (!node.connected || node.reset_sent) return;
  node.reset_sent = true;
  const std::uint64_t serial = ++node.record.serial;
  LeaveRecord& leave = node.record.leave;
  if (leave.reset_serial == 0) leave.reset_serial = serial;
  save(node);
  out_.send(SendReset{node.record.id, serial, 0,
                      leave.remove ? "the node is removed" : "the node is reset"});
}

// Called with every report.
void Registry::settle_reset(Node& node, Now now) {
  LeaveRecord& leave = node.record.leave;
  if (leave.stage != LeaveStage::reset || leave.reset_serial == 0 || !node.report) return;
  if (node.report->reset_serial < leave.reset_serial) return;
  leave.reset_done = true;
  leave.stage = LeaveStage::unregister;
  node.record.joined = node.record.was_ready = false;
  if (node.grant) revoke(node);
  save(node);
  changed(node);
  advance(node, now);
}

// A control plane's etcd member goes too. Where `kubeadm reset` could still reach the others it has
// gone already, which is no error.
void Registry::request_unregister(Node& node, Now now) {
  if (node.errand || now.steady < node.next_errand) return;
  node.record.joined = node.record.was_ready = false;
  hand_over_cluster(node);
  if (!cluster_.initialized() || !owns_name(node)) return finish_leaving(node, now);
  const Node* worker = reachable_control_plane(&node);
  if (worker == nullptr) return;  // asked when one comes
  const std::uint64_t request = next_request_++;
  node.errand = Errand{request, worker->record.id, now.steady + policy_.unregister_timeout};
  errands_.emplace(request, &node);
  RequestUnregister order{worker->record.id, request, node.record.name, {}, 0};
  if (node.report) order.address = node.report->address;
  if (node.record.role == Role::control_plane) order.serial = take_serial(worker->record.id);
  out_.send(std::move(order));
}

void Registry::unregistered(const std::string& worker, std::uint64_t request, std::string problem,
                            Now now) {
  if (Node* sender = get(worker)) hear(*sender, now);
  const auto found = errands_.find(request);
  if (found == errands_.end() || found->second->errand->worker != worker) return;
  Node& node = *found->second;
  drop_errand(node);
  node.errand_problem = std::move(problem);
  if (node.record.leave.stage != LeaveStage::unregister) return;
  if (node.errand_problem.empty()) return finish_leaving(node, now);
  node.next_errand = now.steady + policy_.leave_retry;
  changed(node);
}

// The cluster belongs to whoever is left of its control planes; with the last one it ends.
void Registry::hand_over_cluster(const Node& node) {
  if (cluster_.initialized_by != node.record.id) return;
  cluster_.initialized_by.clear();
  for (const auto& [order, other] : control_planes_)
    if (other != &node && other->record.joined && cluster_.initialized_by.empty())
      cluster_.initialized_by = other->record.id;
  if (!cluster_.initialized()) {
    cluster_ = {};
    kubernetes_.clear();
    kubernetes_known_ = false;
  }
  out_.write(SaveCluster{cluster_});
}

void Registry::finish_leaving(Node& node, Now now) {
  LeaveRecord& leave = node.record.leave;
  drop_errand(node);
  drop_mint(node);
  if (node.grant) revoke(node);
  leaving_.erase(node.record.order);
  waiting_.erase(node.record.order);
  node.errand_problem.clear();
  node.pods.clear();
  leave.stage = LeaveStage::left;
  changed(node);
  if (!leave.remove) {
    node.record.name_bound = false;
    node.address.clear();
    save(node);
    if (leave.rejoin) come_back(node, now);
    return;
  }
  set_role(node, Role::none);
  save(node);
  if (node.connected && leave.reset_done) out_.send(Disconnect{node.record.id});
  by_id_.erase(node.record.id);
  unindex_name(node);
  if (!node.lost) alive_.erase(node.by_heard);
  node.connected = false;
  const auto place = std::ranges::find(nodes_, &node, &std::unique_ptr<Node>::get);
  const std::string id = node.record.id;
  removed_[id] = std::move(*place);
  nodes_.erase(place);
  // A seat may have become free.
  for (const auto& other : nodes_) {
    if (!other->connected || other->record.role != Role::none) continue;
    give_role(*other);
    if (other->record.role != Role::none) send_assignment(*other);
  }
  settle_lease(now);
}

// --- what was asked of control planes

void Registry::drop_errand(Node& node) {
  if (!node.errand) return;
  errands_.erase(node.errand->request);
  node.errand.reset();
}

void Registry::expire_errands(Now now) {
  for (const auto& [order, node] : leaving_)
    if (node->errand && node->errand->deadline <= now.steady) {
      drop_errand(*node);
      node->errand_problem = "the control plane that was asked does not answer";
      changed(*node);
    }
  const auto all = leaving_;  // those that have left go
  for (const auto& [order, node] : all) advance(*node, now);
}

// --- those that were removed, and come back

void Registry::removed_connected(NodeRecord& record, const Hello& hello) {
  const bool done =
      record.leave.reset_done || (hello.report && record.leave.reset_serial != 0 &&
                                  hello.report->reset_serial >= record.leave.reset_serial);
  if (done) {
    record.leave.reset_done = true;
    out_.save(record);
    out_.send(Disconnect{record.id});
    return;
  }
  const std::uint64_t serial = ++record.serial;
  if (record.leave.reset_serial == 0) record.leave.reset_serial = serial;
  out_.save(record);
  out_.send(SendReset{record.id, serial, 0, "the node was removed"});
}

void Registry::removed_reported(NodeRecord& record, const Report& report) {
  if (record.leave.reset_done || record.leave.reset_serial == 0) return;
  if (report.reset_serial < record.leave.reset_serial) return;
  record.leave.reset_done = true;
  out_.save(record);
  // When it came back, its kubelet was quicker than our order, and registered it again.
  const Node* worker = reachable_control_plane();
  const bool owned = record.name_bound && name_holder(record.name) == nullptr;
  if (worker != nullptr && owned)
    out_.send(RequestUnregister{worker->record.id, 0, record.name, {}, 0});
  out_.send(Disconnect{record.id});
}

}  // namespace kagent::coordinator
