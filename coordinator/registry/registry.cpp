#include "coordinator/registry/registry.hpp"

#include "agent/common/base/names.hpp"

#include <algorithm>

namespace kagent::coordinator {

const StepReport* Report::step(std::string_view name) const {
  const auto found = std::ranges::find(steps, name, &StepReport::name);
  return found == steps.end() ? nullptr : &*found;
}

Registry::Registry(Policy policy, Snapshot snapshot, std::vector<std::optional<Report>> reports,
                   Now now)
    : policy_(std::move(policy)),
      cluster_(std::move(snapshot.cluster)),
      lease_(std::move(snapshot.lease)) {
  reports.resize(snapshot.nodes.size());
  for (std::size_t i = 0; i < snapshot.nodes.size(); ++i) {
    auto node = std::make_unique<Node>();
    node->record = std::move(snapshot.nodes[i].record);
    next_order_ = std::max(next_order_, node->record.order + 1);
    if (!is_node_name(node->record.name)) {  // of a version before
      node->record.name.clear();
      node->record.name_bound = false;
    }
    if (node->record.leave.remove && node->record.leave.stage == LeaveStage::left) {
      const std::string id = node->record.id;
      removed_[id] = std::move(node);
      continue;
    }
    node->report = std::move(reports[i]);
    node->heard = now.steady;  // it gets the time to come back before it counts as lost
    node->by_heard = alive_.insert(alive_.end(), node.get());
    by_id_.emplace(node->record.id, node.get());
    if (node->report && (node->record.joined || initialises(*node)))
      node->address = node->report->address;
    index_name(*node);
    if (node->record.role == Role::control_plane)
      control_planes_.emplace(node->record.order, node.get());
    const LeaveStage stage = node->record.leave.stage;
    if (stage != LeaveStage::none && stage != LeaveStage::left)
      leaving_.emplace(node->record.order, node.get());
    nodes_.push_back(std::move(node));
  }
}

const Node* Registry::find(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

Node* Registry::get(const std::string& id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

void Registry::hear(Node& node, Now now) {
  node.heard = now.steady;
  node.record.last_seen_at = now.wall;
  if (!node.lost) {
    alive_.splice(alive_.end(), alive_, node.by_heard);
    return;
  }
  node.lost = false;
  node.by_heard = alive_.insert(alive_.end(), &node);
  changed(node);
}

void Registry::connected(const std::string& id, Hello hello, Now now) {
  Node* node = get(id);
  if (const auto gone = removed_.find(id); gone != removed_.end())
    return removed_connected(gone->second->record, hello);
  if (node == nullptr) return;
  forget(*node);
  hear(*node, now);
  node->connected = true;
  NodeRecord& record = node->record;
  if (record.role == Role::none && !record.role_fixed && record.wanted != hello.wanted) {
    record.wanted = hello.wanted;
    save(*node);
  }
  // It has not got the Assignment that followed the ResetOrder: perhaps not the order either.
  if (record.reset_fence != 0 && hello.assignment_serial < record.reset_serial)
    record.reset_serial = 0;
  const std::uint64_t before = record.assignment_serial;
  if (hello.report) take_report(*node, std::move(*hello.report), now);
  if (record.leave.stage != LeaveStage::none) {
    advance(*node, now);
    changed(*node);
    return;
  }
  give_role(*node);
  settle_lease(now);
  settle_api_servers();
  const bool current = hello.assignment_serial == record.assignment_serial &&
                       record.assignment_digest == digest(*node) &&
                       (record.reset_fence == 0 || record.reset_serial != 0);
  if (record.assignment_serial == before && !current) send_assignment(*node);
  pump_grant(*node, now);
  // A control plane that came back may be the minter the others wait for.
  if (record.joined && record.role == Role::control_plane) {
    pump_grants(now);
    expire_errands(now);
  }
  changed(*node);
}

// What was under way in the session before is void: a message may have been lost with it.
void Registry::forget(Node& node) {
  node.connected = false;
  node.reset_sent = false;
  drop_mint(node);
  node.mints = 0;
  node.next_mint = {};
  node.mint_problem.clear();
  if (node.grant && !node.grant->taken_up) revoke(node);
}

void Registry::disconnected(const std::string& id, Now now) {
  Node* node = get(id);
  if (node == nullptr || !node->connected) return;
  node->connected = false;
  drop_mint(*node);
  std::vector<Node*> orphans;
  for (const auto& [request, waiting] : mint_requests_)
    if (waiting->mint->minter == id) orphans.push_back(waiting);
  for (Node* orphan : orphans)
    mint_failed(*orphan, "the control plane that was asked went away", now);
  for (const auto& [order, leaving] : leaving_)
    if (leaving->errand && leaving->errand->worker == id) drop_errand(*leaving);
  changed(*node);
}

std::uint64_t Registry::take_serial(const std::string& id) {
  Node* node = get(id);
  if (node == nullptr) return 0;
  ++node->record.serial;
  save(*node);
  return node->record.serial;
}

void Registry::heard(const std::string& id, Now now) {
  if (Node* node = get(id)) hear(*node, now);
}

void Registry::reported(const std::string& id, Report report, Now now) {
  Node* node = get(id);
  if (const auto gone = removed_.find(id); gone != removed_.end())
    removed_reported(gone->second->record, report);
  if (node == nullptr) return;
  hear(*node, now);
  take_report(*node, std::move(report), now);
  settle_lease(now);
  pump_grant(*node, now);
  changed(*node);
}

void Registry::take_report(Node& node, Report report, Now now) {
  const NodeRecord before = node.record;
  rename(node, report.node_name);
  node.report = std::move(report);
  for (const char* name : {"init", "join"}) {
    const StepReport* step = node.report->step(name);
    if (step == nullptr) continue;
    // Pending and checking say nothing: an agent that restarts looks at everything anew.
    if (step->state == StepState::done) {
      node.record.joined = true;
      break;
    }
    if (step->state != StepState::pending && step->state != StepState::checking)
      node.record.joined = node.record.was_ready = false;
  }
  const bool out = node.record.leave.stage == LeaveStage::unregister ||
                   node.record.leave.stage == LeaveStage::left;
  if (out) node.record.joined = node.record.was_ready = false;
  const StepReport* join = node.report->step("join");
  const bool waits = join != nullptr && join->state == StepState::waiting;
  if (waits)
    waiting_.emplace(node.record.order, &node);
  else
    waiting_.erase(node.record.order);
  if (join != nullptr && node.grant && !waits) node.grant->taken_up = true;
  settle_own_name(node);
  take_address(node, now);
  settle_ready(node);
  if (!(node.record == before)) save(node);
  settle_reset(node, now);
}

// Each change costs an Assignment to every node: one that says another address each time gets one
// change a minute.
void Registry::take_address(Node& node, Now now) {
  const std::string& address = node.report->address;
  if (!node.record.joined && !initialises(node)) return;
  if (address.empty() || address == node.address) return;
  if (!node.address.empty() && now.steady < node.next_address) return;
  node.address = address;
  node.next_address = now.steady + policy_.address_patience;
}

const KubernetesState* Registry::kubernetes(const Node& node) const {
  if (!node.record.joined || !node.record.name_bound) return nullptr;
  const auto found = kubernetes_.find(node.record.name);
  return found == kubernetes_.end() ? nullptr : &found->second;
}

// Once a node is Ready its bootstrap token has no use left.
void Registry::settle_ready(Node& node) {
  const KubernetesState* state = kubernetes(node);
  if (state == nullptr || !state->ready) return;
  node.record.was_ready = true;
  if (node.grant) revoke(node);
}

void Registry::kubernetes_nodes(const std::string& id, std::map<std::string, KubernetesState> nodes,
                                Now now) {
  Node* sender = get(id);
  if (sender == nullptr) return;
  hear(*sender, now);
  if (sender->record.role != Role::control_plane || !sender->record.joined) return;
  const auto before = std::exchange(kubernetes_, std::move(nodes));
  const bool known_before = std::exchange(kubernetes_known_, true);
  const auto settle = [this](const std::string& name) {
    const auto [first, last] = by_name_.equal_range(name);
    for (auto i = first; i != last; ++i) {
      Node& node = *i->second;
      const bool was_ready = node.record.was_ready;
      settle_ready(node);
      if (node.record.was_ready != was_ready) save(node);
      changed(node);
    }
  };
  for (const auto& [name, state] : kubernetes_) {
    const auto old = before.find(name);
    if (old == before.end() || !(old->second == state)) settle(name);
  }
  for (const auto& [name, state] : before)
    if (!kubernetes_.contains(name)) settle(name);
  if (!known_before) pump_grants(now);
}

void Registry::cluster_ready(const std::string& id, const ClusterReady& ready, Now now) {
  Node* node = get(id);
  if (node == nullptr) return;
  hear(*node, now);
  // Only the holder of the lease makes the cluster; what a former holder made is to be reset.
  if (id != lease_.holder || (ready.lease_fence != 0 && ready.lease_fence != lease_.fence)) return;
  ClusterRecord cluster = ready.cluster;
  cluster.initialized_by = id;
  if (cluster == cluster_) return;
  cluster_ = std::move(cluster);
  out_.write(SaveCluster{cluster_});
  const NodeRecord before = node->record;
  node->record.joined = true;
  settle_own_name(*node);
  if (!(node->record == before)) save(*node);
  changed(*node);
  changed_waiting();
  pump_grants(now);
}

void Registry::changed_waiting() {
  for (const auto& [order, node] : waiting_) changed(*node);
}

void Registry::configure(const Policy& policy, Now now) {
  policy_.control_planes = policy.control_planes;
  policy_.config_digest = policy.config_digest;
  policy_.local_balancer = policy.local_balancer;
  for (const auto& node : nodes_) {
    if (!node->connected) continue;  // it gets it when it says Hello
    if (node->record.leave.stage != LeaveStage::none) continue;
    give_role(*node);
    if (node->record.assignment_digest != digest(*node)) send_assignment(*node);
  }
  settle_lease(now);
}

void Registry::tick(Now now) {
  while (!alive_.empty() && now.steady - alive_.front()->heard >= policy_.lost_after) {
    Node& node = *alive_.front();
    alive_.pop_front();
    node.lost = true;
    if (node.connected) {
      disconnected(node.record.id, now);
      out_.send(Disconnect{node.record.id});
    }
    save(node);  // for last_seen_at
    changed(node);
  }
  expire_mints(now);
  expire_errands(now);
  settle_lease(now);
  pump_grants(now);
}

}  // namespace kagent::coordinator
