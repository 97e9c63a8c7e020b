#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/actions.hpp"
#include "coordinator/registry/api_servers.hpp"
#include "coordinator/registry/cluster.hpp"
#include "coordinator/registry/control_planes.hpp"
#include "coordinator/registry/events.hpp"
#include "coordinator/registry/grants.hpp"
#include "coordinator/registry/heartbeats.hpp"
#include "coordinator/registry/keys.hpp"
#include "coordinator/registry/leave_rules.hpp"
#include "coordinator/registry/leaving.hpp"
#include "coordinator/registry/membership.hpp"
#include "coordinator/registry/model.hpp"
#include "coordinator/registry/names.hpp"
#include "coordinator/registry/nodes.hpp"
#include "coordinator/registry/outbox.hpp"
#include "coordinator/registry/policy.hpp"
#include "coordinator/registry/removed_nodes.hpp"
#include "coordinator/registry/request_ids.hpp"
#include "coordinator/registry/roles.hpp"
#include "coordinator/registry/status.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kagent::coordinator {

// Passes each event to the classes that decide on it. No I/O, no clock, no thread: events go in,
// actions come out of take_actions(). The cost of an event depends on the nodes that it touches,
// not on all, so that ten thousand nodes can report.
class Registry {
 public:
  // `reports`: of the snapshot's nodes, in the same order.
  Registry(Policy policy, Snapshot snapshot, std::vector<std::optional<Report>> reports, Now now);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // --- enrolment, as in Keys

  // Creates the node if it is new. Idempotent for the same key.
  Enrolment enrol(const std::string& id, const std::string& key_sha256, WantedRole wanted, Now now,
                  bool role_fixed = false);
  // What enrol() would return; changes nothing.
  [[nodiscard]] Enrolment judge(const std::string& id, const std::string& key_sha256,
                                WantedRole wanted, bool role_fixed) const;
  // Unbinds the id from its key and ends the node's session. Idempotent. Errors: not_found.
  Result<> unbind(const std::string& id);
  // The same, and binds the id to `key_sha256`.
  Enrolment rebind(const std::string& id, const std::string& key_sha256, WantedRole wanted,
                   bool role_fixed);
  [[nodiscard]] Enrolment may_rebind(const Node& node, const std::string& key_sha256,
                                     WantedRole wanted, bool role_fixed) const;

  // --- what nodes say; an id that is not enrolled is ignored

  void connected(const std::string& id, Hello hello, Now now);
  void disconnected(const std::string& id, Now now);
  void heard(const std::string& id, Now now);
  void reported(const std::string& id, Report report, Now now);
  void cluster_ready(const std::string& id, const ClusterReady& ready, Now now);
  // From a control plane: all Nodes of Kubernetes, by name.
  void kubernetes_nodes(const std::string& id, std::map<std::string, KubernetesState> nodes,
                        Now now);
  void minted(const std::string& minter, Minted outcome, Now now);
  void drained(const std::string& worker, Drained outcome, Now now);
  // `problem`: empty if the Node was deleted.
  void unregistered(const std::string& worker, std::uint64_t request, std::string problem, Now now);

  // --- what administrators order. Errors: not_found; failed_precondition with what to do instead

  // The same order again changes nothing; a second order may add remove or force.
  Result<> leave(const std::string& id, const LeaveWish& wish, Now now);
  [[nodiscard]] Result<> may_leave(const Node& node, const LeaveWish& wish) const;
  // A node that has left, or was removed, may come back; one that still leaves comes back once it
  // has left.
  Result<> rejoin(const std::string& id, Now now);

  // Takes over what the ClusterConfig says.
  void configure(const Policy& policy, Now now);
  // Call every liveness::sweep_every.
  void tick(Now now);

  // For an order that is not the registry's own: on disk before anything that is sent later.
  // 0: the id is not enrolled.
  std::uint64_t take_serial(const std::string& id);

  // What several events have changed goes out once.
  Actions take_actions();

  // --- what there is

  // nullptr: no node has that id, or the node was removed.
  [[nodiscard]] const Node* find(const std::string& id) const;
  // nullptr: no removed node has that id.
  [[nodiscard]] const NodeRecord* removed(const std::string& id) const;
  [[nodiscard]] const NodeRecord* record(const std::string& id) const;  // of either
  // In the order of enrolment, without the removed ones.
  [[nodiscard]] const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_.all(); }
  [[nodiscard]] const ClusterRecord& cluster() const { return cluster_.record(); }
  [[nodiscard]] const LeaseRecord& lease() const { return cluster_.lease(); }
  // As in Names, ControlPlanes, Leaving and StatusRules.
  [[nodiscard]] const KubernetesState* kubernetes(const Node& node) const;
  [[nodiscard]] bool owns_name(const Node& node) const { return names_.owns(node); }
  [[nodiscard]] const Node* reachable_control_plane(const Node* but = nullptr) const;
  [[nodiscard]] const std::vector<std::string>& pods(const Node& node) const;
  [[nodiscard]] Status status(const Node& node) const { return status_.of(node); }

 private:
  void restore(std::unique_ptr<Node> node, Now now);
  void hear(Node& node, Now now);
  void hear(const std::string& id, Now now);
  void begin_session(Node& node, Now now);
  void end_session(Node& node);
  void take_report(Node& node, Report report, Now now);
  void settle_ready(Node& node);
  void changed(const Node& node) { out_.changed(node.record.id); }

  Outbox out_;
  Policy policy_;
  RequestIds ids_;
  Nodes nodes_;
  Heartbeats heartbeats_;
  Cluster cluster_;
  ControlPlanes control_planes_;
  Keys keys_;
  Names names_;
  ApiServers api_servers_;
  Roles roles_;
  Grants grants_;
  Membership membership_;
  LeaveRules leave_rules_;
  Leaving leaving_;
  RemovedNodes removed_nodes_;
  StatusRules status_;
};

}  // namespace kagent::coordinator
