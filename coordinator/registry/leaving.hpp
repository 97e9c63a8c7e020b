#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/cluster.hpp"
#include "coordinator/registry/control_planes.hpp"
#include "coordinator/registry/errands.hpp"
#include "coordinator/registry/events.hpp"
#include "coordinator/registry/membership.hpp"
#include "coordinator/registry/names.hpp"
#include "coordinator/registry/outbox.hpp"
#include "coordinator/registry/policy.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace kagent::coordinator {

// Takes nodes out of the cluster: a control plane drains the node, the node resets itself, and a
// control plane deletes its Node. The stage is in NodeRecord::leave and on disk; a request that was
// lost is sent again.
class Leaving {
 public:
  Leaving(const Policy& policy, Cluster& cluster, const ControlPlanes& control_planes,
          const Names& names, Membership& membership, RequestIds& ids, Outbox& out);

  // Continues an order from the store. Ignored if the node does not leave.
  void restore(Node& node);

  // Begins an order, or adds to it what a second wish has more (remove, force). Call advance()
  // next. False: the wish adds nothing. Errors: failed_precondition (the node has been reset
  // already).
  Result<bool> order(Node& node, const LeaveWish& wish, Now now);
  // The node may come back once it has left, or at once if it already has. Idempotent.
  // Errors: failed_precondition (the node has not left, or is being removed).
  Result<> rejoin(Node& node, Now now);
  // Lets a node that was removed, and is a member again, come back once it is reset.
  void rejoin_removed(Node& node, Now now);

  // Does what is next for a node that leaves. Idempotent.
  void advance(Node& node, Now now);
  // Requests that were not answered in time are sent again.
  void expire(Now now);

  // Answers of the control plane `worker`; ignored if nothing was asked under that number.
  void drained(const std::string& worker, Drained outcome, Now now);
  void unregistered(const std::string& worker, std::uint64_t request, std::string problem, Now now);

  // Call after each report of the node.
  void reported(Node& node, Now now);
  // The node begins a new session, so the reset order may be lost.
  void restart(const Node& node) { reset_sent_.erase(&node); }
  // The session of a control plane has ended; what it was asked is asked of another.
  void disconnected(const std::string& worker) { errands_.end_of_worker(worker); }

  // What the node's departure waits for, for people.
  [[nodiscard]] std::string reason(const Node& node) const;
  // Pods that are not evicted yet, each with the reason.
  [[nodiscard]] const std::vector<std::string>& pods(const Node& node) const;

 private:
  struct Departure {
    std::chrono::steady_clock::time_point next_errand;
    std::string problem;  // why the last errand failed
    std::vector<std::string> pods;
  };

  void request_drain(Node& node, Now now);
  void drain_failed(Node& node, std::string problem, Now now);
  void send_reset(Node& node);
  void request_unregister(Node& node, Now now);
  void finish(Node& node, Now now);
  [[nodiscard]] std::string drain_reason(const Node& node) const;
  [[nodiscard]] const Departure& departure(const Node& node) const;

  const Policy& policy_;
  Cluster& cluster_;
  const ControlPlanes& control_planes_;
  const Names& names_;
  Membership& membership_;
  Outbox& out_;
  Errands errands_;
  std::map<std::uint64_t, Node*> leaving_;  // by order of enrolment; without those that have left
  std::unordered_map<const Node*, Departure> departures_;
  std::unordered_set<const Node*> reset_sent_;  // in the node's present session
};

}  // namespace kagent::coordinator
