#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/base/liveness.hpp"
#include "coordinator/registry/actions.hpp"
#include "coordinator/registry/model.hpp"
#include "coordinator/registry/outbox.hpp"

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kagent::coordinator {

struct Policy {
  unsigned control_planes = 1;
  std::string config_digest;    // changes when the ClusterConfig does
  bool local_balancer = false;  // nodes need the addresses of the API servers
  std::chrono::milliseconds lost_after = liveness::lost_after;
  // The init lease goes to the next candidate when its holder is lost for this long.
  std::chrono::seconds init_takeover_after{120};
  std::chrono::seconds mint_timeout = liveness::mint_timeout;
  std::chrono::seconds certificates_timeout{90};  // a mint for which kubeadm uploads them first
  std::chrono::seconds mint_retry_first{2}, mint_retry_cap{60};
  std::chrono::seconds token_ttl{600};
  // A grant that the node does not take up in this time is minted again.
  std::chrono::seconds grant_patience{20};
  unsigned mints_at_once = 32;
  // A node's address changes no more often.
  std::chrono::seconds address_patience{60};
  // A drain says something at least this often; silence means that it is asked anew.
  std::chrono::seconds drain_silence{30};
  std::chrono::seconds unregister_timeout{90}, leave_retry{5};
};

struct PendingMint {
  std::uint64_t request = 0;
  std::string minter;
  std::chrono::steady_clock::time_point deadline;
};

struct Grant {
  std::string token_id;  // the public half; the secret half is not kept
  std::string minter;
  std::chrono::system_clock::time_point expires_at;
  std::chrono::steady_clock::time_point sent;
  bool taken_up = false;  // the join has run since
};

// What a control plane has been asked to do so that a node can leave.
struct Errand {
  std::uint64_t request = 0;
  std::string worker;
  std::chrono::steady_clock::time_point deadline;
};

struct Node {
  NodeRecord record;
  std::optional<Report> report;
  bool connected = false;
  bool lost = false;
  std::chrono::steady_clock::time_point heard;
  std::optional<PendingMint> mint;
  std::optional<Grant> grant;
  unsigned mints = 0;  // since it connected
  std::chrono::steady_clock::time_point next_mint;
  std::string mint_problem;  // why the last one came to nothing
  std::optional<Errand> errand;
  std::chrono::steady_clock::time_point next_errand;
  std::string errand_problem;     // why the last one came to nothing
  std::vector<std::string> pods;  // still to be evicted, and what keeps them
  bool reset_sent = false;        // in this session
  std::string address;            // as others are told, once it has joined
  std::chrono::steady_clock::time_point next_address;
  std::list<Node*>::iterator by_heard;
};

enum class Phase : std::uint8_t {
  enrolled,
  preparing,
  initializing,
  waiting,
  joining,
  starting,
  ready,
  not_ready,
  failed,
  lost,
  leaving,
  reset
};
inline constexpr std::size_t phase_count = 12;
std::string_view to_string(Phase phase);

struct Status {
  Phase phase = Phase::enrolled;
  std::string step;
  std::string reason;  // one or two sentences, empty if all is well
};

struct Hello {
  WantedRole wanted = WantedRole::automatic;
  std::uint64_t assignment_serial = 0;  // that the node holds
  std::optional<Report> report;
};

struct ClusterReady {
  ClusterRecord cluster;          // initialized_by is the sender
  std::uint64_t lease_fence = 0;  // 0: the sender does not know it any more
};

struct Minted {
  std::uint64_t request = 0;
  std::string bootstrap_token, certificate_key;
  std::chrono::system_clock::time_point expires_at;
  std::string problem;  // set instead when it could not be done
};

enum class Enrolment : std::uint8_t {
  accepted,
  other_key,
  removed,
  barred,
  other_role  // the id was unbound, has a role, and the token is for another one
};

struct LeaveWish {
  bool remove = false, force = false, rejoin = false;
  std::chrono::seconds drain_limit{300};
};

struct Drained {
  std::uint64_t request = 0;
  bool done = false;
  std::vector<std::string> pods;  // still there, and why
  std::string problem;            // set when it was given up
};

// Every decision about who is what: no I/O, no clock, no thread. Events go in, actions come out of
// take_actions(). One event costs no more than the nodes it touches, so that ten thousand can
// report.
class Registry {
 public:
  Registry(Policy policy, Snapshot snapshot, std::vector<std::optional<Report>> reports, Now now);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // First come, first served: the id belongs to that key until it is unbound. The same key again is
  // accepted.
  // `role_fixed`: `wanted` is all that it may be, whatever it says later. For a new node.
  Enrolment enrol(const std::string& id, const std::string& key_sha256, WantedRole wanted, Now now,
                  bool role_fixed = false);
  // What enrol() would say; changes nothing.
  [[nodiscard]] Enrolment judge(const std::string& id, const std::string& key_sha256,
                                WantedRole wanted, bool role_fixed) const;
  // Ends its session; the next key that enrols is bound to it, but never this one. Idempotent.
  // Errors: not_found.
  Result<> unbind(const std::string& id, Now now);
  // The same, and binds it to that key at once. The rest as in enrol().
  Enrolment rebind(const std::string& id, const std::string& key_sha256, WantedRole wanted,
                   bool role_fixed);
  [[nodiscard]] Enrolment may_rebind(const Node& node, const std::string& key_sha256,
                                     WantedRole wanted, bool role_fixed) const;
  // The node must be enrolled in the calls below; an unknown id is ignored.
  void connected(const std::string& id, Hello hello, Now now);
  void disconnected(const std::string& id, Now now);
  void heard(const std::string& id, Now now);
  void reported(const std::string& id, Report report, Now now);
  void cluster_ready(const std::string& id, const ClusterReady& ready, Now now);
  // All nodes that Kubernetes has, by name.
  void kubernetes_nodes(const std::string& id, std::map<std::string, KubernetesState> nodes,
                        Now now);
  void minted(const std::string& minter, Minted outcome, Now now);
  // An administrator's orders. Errors: not_found; failed_precondition with what to do instead. The
  // same again changes nothing; more (remove, force) is added to it.
  Result<> leave(const std::string& id, const LeaveWish& wish, Now now);
  [[nodiscard]] Result<> may_leave(const Node& node, const LeaveWish& wish) const;
  // Of etcd, which has a member on every control plane. Errors: failed_precondition.
  [[nodiscard]] Result<> keeps_quorum_without(const Node& node) const;
  Result<> rejoin(const std::string& id, Now now);
  void drained(const std::string& worker, Drained outcome, Now now);
  // `problem`: empty when the Node is gone.
  void unregistered(const std::string& worker, std::uint64_t request, std::string problem, Now now);

  void configure(const Policy& policy, Now now);
  // Every liveness::sweep_every.
  void tick(Now now);

  // The number of an order that is not the registry's own; on disk before anything that is sent.
  std::uint64_t take_serial(const std::string& id);

  Actions take_actions();

  [[nodiscard]] const Node* find(const std::string& id) const;
  // One that was removed is neither found nor among nodes(); what is kept of it.
  [[nodiscard]] const NodeRecord* removed(const std::string& id) const;
  [[nodiscard]] const NodeRecord* record(const std::string& id) const;  // of either
  [[nodiscard]] const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }
  [[nodiscard]] const ClusterRecord& cluster() const { return cluster_; }
  [[nodiscard]] const LeaseRecord& lease() const { return lease_; }
  // Of a node that was let in under its name; what it only says that it is called proves nothing.
  [[nodiscard]] const KubernetesState* kubernetes(const Node& node) const;
  // The Node of its name is this node's: may be drained and deleted for it.
  [[nodiscard]] bool owns_name(const Node& node) const;
  // Of those that are connected and in the cluster: the one that made it, else the oldest.
  [[nodiscard]] const Node* reachable_control_plane(const Node* but = nullptr) const;
  [[nodiscard]] Status status(const Node& node) const;

 private:
  Node* get(const std::string& id);
  void hear(Node& node, Now now);
  void take_report(Node& node, Report report, Now now);
  void save(const Node& node) { out_.save(node.record); }
  void changed(const Node& node) { out_.changed(node.record.id); }
  void changed_waiting();
  void forget(Node& node);
  void settle_ready(Node& node);
  void take_address(Node& node, Now now);

  // admission.cpp
  void bind_key(Node& node, const std::string& key_sha256, WantedRole wanted, bool role_fixed);
  void end_session(Node& node);

  // names.cpp
  void rename(Node& node, const std::string& name);
  void index_name(Node& node);
  void unindex_name(const Node& node);
  void settle_own_name(Node& node);
  // Nobody: nullptr.
  [[nodiscard]] const Node* name_holder(const std::string& name, const Node* but = nullptr) const;
  [[nodiscard]] std::string name_problem(const Node& node) const;
  [[nodiscard]] std::string other_name_reason(const Node& node) const;
  [[nodiscard]] std::string stranger_reason(const Node& node) const;

  // roles.cpp
  void give_role(Node& node);
  [[nodiscard]] unsigned seats_taken() const;
  void settle_lease(Now now);
  [[nodiscard]] bool holder_is_out(Now now) const;
  void set_role(Node& node, Role role);
  [[nodiscard]] Node* next_initializer() const;
  void move_lease(Node& to, Now now);
  void send_assignment(Node& node);
  [[nodiscard]] std::string digest(const Node& node) const;
  void settle_api_servers();

  [[nodiscard]] bool initialises(const Node& node) const;

  // leaving.cpp
  void advance(Node& node, Now now);
  void request_drain(Node& node, Now now);
  void drain_failed(Node& node, std::string problem, Now now);
  void send_reset(Node& node);
  void settle_reset(Node& node, Now now);
  void request_unregister(Node& node, Now now);
  void hand_over_cluster(const Node& node);
  void finish_leaving(Node& node, Now now);
  void come_back(Node& node, Now now);
  void drop_errand(Node& node);
  void expire_errands(Now now);
  void removed_connected(NodeRecord& record, const Hello& hello);
  void removed_reported(NodeRecord& record, const Report& report);

  // status.cpp
  [[nodiscard]] std::string leaving_reason(const Node& node) const;
  [[nodiscard]] std::string waiting_reason(const Node& node, const StepReport& step) const;
  [[nodiscard]] std::string no_role_reason(const Node& node) const;

  // grants.cpp
  void pump_grants(Now now);
  void pump_grant(Node& node, Now now);
  [[nodiscard]] bool needs_mint(const Node& node, Now now) const;
  [[nodiscard]] const Node* joining_control_plane(const Node& but, Now now) const;
  void request_mint(Node& node, const Node& minter, Now now);
  void mint_failed(Node& node, std::string problem, Now now);
  void expire_mints(Now now);
  void revoke(Node& node);
  void drop_mint(Node& node);

  Policy policy_;
  ClusterRecord cluster_;
  LeaseRecord lease_;
  std::vector<std::unique_ptr<Node>> nodes_;  // in the order of enrolment
  std::unordered_map<std::string, Node*> by_id_;
  std::unordered_multimap<std::string, Node*> by_name_;
  std::list<Node*> alive_;                         // not lost, the one heard longest ago first
  std::map<std::uint64_t, Node*> waiting_;         // for a grant, by order of enrolment
  std::map<std::uint64_t, Node*> mint_requests_;   // outstanding, by request
  std::map<std::uint64_t, Node*> control_planes_;  // nodes with that role, by order
  std::map<std::uint64_t, Node*> leaving_;         // by order; not those that have left
  std::map<std::uint64_t, Node*> errands_;         // outstanding, by request
  std::map<std::string, std::unique_ptr<Node>> removed_;
  std::map<std::string, KubernetesState> kubernetes_;
  bool kubernetes_known_ = false;  // a control plane has said which Nodes there are
  std::uint64_t next_request_ = 1;
  std::uint64_t next_order_ = 1;
  std::vector<std::string> api_servers_;  // addresses, as nodes were last told
  Outbox out_;
};

}  // namespace kagent::coordinator
