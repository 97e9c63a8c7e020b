#include "coordinator/registry/registry.hpp"

#include "agent/common/base/names.hpp"

#include <utility>

namespace kagent::coordinator {
namespace {

Error unknown(const std::string& id) {
  return {Errc::not_found, "there is no node " + id};
}

// Whether the node has joined, by its report.
void settle_joined(Node& node) {
  NodeRecord& record = node.record;
  for (const char* name : {"init", "join"}) {
    const StepReport* step = node.report->step(name);
    if (step == nullptr) continue;
    if (step->state == StepState::done) {
      record.joined = true;
      break;
    }
    // An agent that has restarted checks everything anew, so these two states say nothing.
    if (step->state != StepState::pending && step->state != StepState::checking)
      record.joined = record.was_ready = false;
  }
  const LeaveStage stage = record.leave.stage;
  if (stage == LeaveStage::unregister || stage == LeaveStage::left)
    record.joined = record.was_ready = false;
}

}  // namespace

Registry::Registry(Policy policy, Snapshot snapshot, std::vector<std::optional<Report>> reports,
                   Now now)
    : policy_(std::move(policy)),
      cluster_(std::move(snapshot.cluster), std::move(snapshot.lease), out_),
      control_planes_(cluster_),
      keys_(nodes_, out_),
      names_(cluster_),
      api_servers_(policy_, cluster_, control_planes_),
      roles_(policy_, nodes_, control_planes_, cluster_, api_servers_, out_),
      grants_(policy_, nodes_, control_planes_, cluster_, names_, ids_, out_),
      membership_(nodes_, heartbeats_, names_, api_servers_, roles_, grants_, out_),
      leave_rules_(nodes_, control_planes_, cluster_),
      leaving_(policy_, cluster_, control_planes_, names_, membership_, ids_, out_),
      removed_nodes_(nodes_, control_planes_, names_, out_),
      status_(policy_, nodes_, control_planes_, cluster_, names_, grants_, leaving_) {
  reports.resize(snapshot.nodes.size());
  for (std::size_t i = 0; i < snapshot.nodes.size(); ++i) {
    auto node = std::make_unique<Node>();
    node->record = std::move(snapshot.nodes[i].record);
    node->report = std::move(reports[i]);
    restore(std::move(node), now);
  }
}

void Registry::restore(std::unique_ptr<Node> stored, Now now) {
  NodeRecord& record = stored->record;
  if (!is_node_name(record.name)) {  // an earlier version saved such names
    record.name.clear();
    record.name_bound = false;
  }
  if (record.leave.remove && record.leave.stage == LeaveStage::left) {
    stored->report.reset();
    return nodes_.add_removed(std::move(stored));
  }
  Node& node = nodes_.add(std::move(stored));
  heartbeats_.add(node, now);
  api_servers_.restore(node);
  names_.add(node);
  if (record.role == Role::control_plane) control_planes_.add(node);
  leaving_.restore(node);
}

// --- enrolment

Enrolment Registry::judge(const std::string& id, const std::string& key_sha256, WantedRole wanted,
                          bool role_fixed) const {
  return keys_.judge(id, key_sha256, wanted, role_fixed);
}

Enrolment Registry::may_rebind(const Node& node, const std::string& key_sha256, WantedRole wanted,
                               bool role_fixed) const {
  return keys_.judge_rebind(node, key_sha256, wanted, role_fixed);
}

Enrolment Registry::enrol(const std::string& id, const std::string& key_sha256, WantedRole wanted,
                          Now now, bool role_fixed) {
  const Enrolment verdict = judge(id, key_sha256, wanted, role_fixed);
  if (verdict != Enrolment::accepted || removed(id) != nullptr) return verdict;
  if (Node* known = nodes_.find(id)) {
    if (known->record.key_sha256.empty()) keys_.bind(*known, key_sha256, wanted, role_fixed);
    hear(*known, now);
    return verdict;
  }
  Node& node = nodes_.create(id);
  node.record.enrolled_at = node.record.last_seen_at = now.wall;
  heartbeats_.add(node, now);
  keys_.bind_new(node, key_sha256, wanted, role_fixed);
  changed(node);
  return verdict;
}

Result<> Registry::unbind(const std::string& id) {
  Node* node = nodes_.find(id);
  if (node == nullptr) return unknown(id);
  if (keys_.unbind(*node)) end_session(*node);
  return {};
}

Enrolment Registry::rebind(const std::string& id, const std::string& key_sha256, WantedRole wanted,
                           bool role_fixed) {
  Node* node = nodes_.find(id);
  if (node == nullptr) return Enrolment::removed;
  if (node->record.key_sha256 == key_sha256) return Enrolment::accepted;
  const Enrolment verdict = may_rebind(*node, key_sha256, wanted, role_fixed);
  if (verdict != Enrolment::accepted) return verdict;
  keys_.bind(*node, key_sha256, wanted, role_fixed);
  end_session(*node);
  return verdict;
}

// The session belongs to the key before.
void Registry::end_session(Node& node) {
  node.connected = false;
  leaving_.restart(node);
  grants_.restart(node);
  out_.send(Disconnect{node.record.id, true});
  changed(node);
}

// --- sessions

void Registry::hear(Node& node, Now now) {
  if (heartbeats_.hear(node, now)) changed(node);
}

void Registry::hear(const std::string& id, Now now) {
  if (Node* node = nodes_.find(id)) hear(*node, now);
}

void Registry::heard(const std::string& id, Now now) {
  hear(id, now);
}

void Registry::connected(const std::string& id, Hello hello, Now now) {
  if (removed_nodes_.connected(id, hello)) return;
  Node* node = nodes_.find(id);
  if (node == nullptr) return;
  begin_session(*node, now);
  NodeRecord& record = node->record;
  if (record.role == Role::none && !record.role_fixed && record.wanted != hello.wanted) {
    record.wanted = hello.wanted;
    out_.save(record);
  }
  roles_.note_serial(*node, hello.assignment_serial);
  const std::uint64_t before = record.assignment_serial;
  if (hello.report) take_report(*node, std::move(*hello.report), now);
  if (record.leave.stage != LeaveStage::none) {
    leaving_.advance(*node, now);
    changed(*node);
    return;
  }
  roles_.give(*node);
  roles_.settle_lease(now);
  roles_.settle_api_servers();
  const bool sent = record.assignment_serial != before;
  if (!sent && !roles_.holds_current(*node, hello.assignment_serial)) roles_.send_assignment(*node);
  grants_.pump(*node, now);
  // Other nodes may have waited for a control plane to connect.
  if (record.joined && record.role == Role::control_plane) {
    grants_.pump_all(now);
    leaving_.expire(now);
  }
  changed(*node);
}

void Registry::begin_session(Node& node, Now now) {
  node.connected = false;
  leaving_.restart(node);
  grants_.restart(node);
  hear(node, now);
  node.connected = true;
}

void Registry::disconnected(const std::string& id, Now now) {
  Node* node = nodes_.find(id);
  if (node == nullptr || !node->connected) return;
  node->connected = false;
  grants_.disconnected(*node, now);
  leaving_.disconnected(id);
  changed(*node);
}

// --- reports

void Registry::reported(const std::string& id, Report report, Now now) {
  if (removed_nodes_.reported(id, report)) return;
  Node* node = nodes_.find(id);
  if (node == nullptr) return;
  hear(*node, now);
  take_report(*node, std::move(report), now);
  roles_.settle_lease(now);
  grants_.pump(*node, now);
  changed(*node);
}

void Registry::take_report(Node& node, Report report, Now now) {
  const NodeRecord before = node.record;
  names_.rename(node, report.node_name);
  node.report = std::move(report);
  settle_joined(node);
  grants_.reported(node);
  names_.bind_initialiser(node);
  api_servers_.take(node, now);
  settle_ready(node);
  if (!(node.record == before)) out_.save(node.record);
  leaving_.reported(node, now);
}

// A node that is Ready needs its bootstrap token no more.
void Registry::settle_ready(Node& node) {
  const KubernetesState* state = kubernetes(node);
  if (state == nullptr || !state->ready) return;
  node.record.was_ready = true;
  grants_.withdraw(node);
}

void Registry::kubernetes_nodes(const std::string& id, std::map<std::string, KubernetesState> nodes,
                                Now now) {
  Node* sender = nodes_.find(id);
  if (sender == nullptr) return;
  hear(*sender, now);
  if (sender->record.role != Role::control_plane || !sender->record.joined) return;
  const bool known_before = cluster_.kubernetes_known();
  for (const std::string& name : cluster_.set_kubernetes(std::move(nodes)))
    for (Node* node : names_.all(name)) {
      const bool was_ready = node->record.was_ready;
      settle_ready(*node);
      if (node->record.was_ready != was_ready) out_.save(node->record);
      changed(*node);
    }
  if (!known_before) grants_.pump_all(now);
}

void Registry::cluster_ready(const std::string& id, const ClusterReady& ready, Now now) {
  Node* node = nodes_.find(id);
  if (node == nullptr) return;
  hear(*node, now);
  // Only the holder of the lease makes the cluster; what a former holder made is to be reset.
  if (id != lease().holder) return;
  if (ready.lease_fence != 0 && ready.lease_fence != lease().fence) return;
  ClusterRecord cluster = ready.cluster;
  cluster.initialized_by = id;
  if (!cluster_.set(std::move(cluster))) return;
  const NodeRecord before = node->record;
  node->record.joined = true;
  names_.bind_initialiser(*node);
  if (!(node->record == before)) out_.save(node->record);
  changed(*node);
  grants_.announce_waiting();
  grants_.pump_all(now);
}

// --- what control planes answer

void Registry::minted(const std::string& minter, Minted outcome, Now now) {
  hear(minter, now);
  grants_.minted(minter, std::move(outcome), now);
}

void Registry::drained(const std::string& worker, Drained outcome, Now now) {
  hear(worker, now);
  leaving_.drained(worker, std::move(outcome), now);
}

void Registry::unregistered(const std::string& worker, std::uint64_t request, std::string problem,
                            Now now) {
  hear(worker, now);
  leaving_.unregistered(worker, request, std::move(problem), now);
}

// --- administrators

Result<> Registry::may_leave(const Node& node, const LeaveWish& wish) const {
  return leave_rules_.may_leave(node, wish);
}

Result<> Registry::leave(const std::string& id, const LeaveWish& wish, Now now) {
  Node* node = nodes_.find(id);
  if (node == nullptr) return unknown(id);
  if (auto may = may_leave(*node, wish); !may) return may;
  const auto ordered = leaving_.order(*node, wish, now);
  if (!ordered) return ordered.error();
  if (!*ordered) return {};
  // The node may hold the init lease of a cluster that is not initialised yet.
  roles_.settle_lease(now);
  leaving_.advance(*node, now);
  return {};
}

Result<> Registry::rejoin(const std::string& id, Now now) {
  if (Node* back = membership_.restore(id, now)) {
    leaving_.rejoin_removed(*back, now);
    return {};
  }
  Node* node = nodes_.find(id);
  if (node == nullptr) return unknown(id);
  return leaving_.rejoin(*node, now);
}

void Registry::configure(const Policy& policy, Now now) {
  policy_.control_planes = policy.control_planes;
  policy_.config_digest = policy.config_digest;
  policy_.local_balancer = policy.local_balancer;
  for (const auto& node : nodes_.all()) {
    // A node that is not connected gets its Assignment after its next Hello.
    if (!node->connected || node->record.leave.stage != LeaveStage::none) continue;
    roles_.give(*node);
    if (!roles_.is_current(*node)) roles_.send_assignment(*node);
  }
  roles_.settle_lease(now);
}

// --- time

void Registry::tick(Now now) {
  for (Node* node : heartbeats_.sweep(now, policy_.lost_after)) {
    if (node->connected) {
      disconnected(node->record.id, now);
      out_.send(Disconnect{node->record.id});
    }
    out_.save(node->record);  // with last_seen_at
    changed(*node);
  }
  grants_.expire(now);
  leaving_.expire(now);
  roles_.settle_lease(now);
  grants_.pump_all(now);
}

std::uint64_t Registry::take_serial(const std::string& id) {
  Node* node = nodes_.find(id);
  return node == nullptr ? 0 : out_.take_serial(node->record);
}

Actions Registry::take_actions() {
  roles_.settle_api_servers();
  return out_.take();
}

// --- what there is

const Node* Registry::find(const std::string& id) const {
  return nodes_.find(id);
}

const NodeRecord* Registry::removed(const std::string& id) const {
  return nodes_.removed(id);
}

const NodeRecord* Registry::record(const std::string& id) const {
  const Node* node = find(id);
  return node != nullptr ? &node->record : removed(id);
}

const KubernetesState* Registry::kubernetes(const Node& node) const {
  return names_.kubernetes(node);
}

const Node* Registry::reachable_control_plane(const Node* but) const {
  return control_planes_.reachable(but);
}

const std::vector<std::string>& Registry::pods(const Node& node) const {
  return leaving_.pods(node);
}

}  // namespace kagent::coordinator
