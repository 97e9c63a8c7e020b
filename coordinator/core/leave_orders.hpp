#pragma once

#include "coordinator/core/decisions.hpp"
#include "coordinator/core/sessions.hpp"
#include "coordinator/core/waits.hpp"
#include "coordinator/registry/registry.hpp"
#include "kagent/v1/agent.pb.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kagent::coordinator {

// Administrators' orders that nodes leave and come back, and what a leave order would do.
class LeaveOrders {
 public:
  LeaveOrders(Registry& registry, Sessions& sessions, Decisions& decisions)
      : registry_(registry), sessions_(sessions), decisions_(decisions) {}

  // Each returns the node's id. Idempotent. Errors: those of find_node() and of Registry::leave()
  // or rejoin(); of the audit log; unavailable: the order is not on disk.
  Result<std::string> leave(const std::string& node, const LeaveWish& wish, const Caller& caller);
  // `node`: the id, for a node that was removed.
  Result<std::string> rejoin(const std::string& node, const Caller& caller);

  struct Plan {
    std::vector<std::string> changes;  // in the order in which they would be made
    std::vector<std::string> notes;    // what is unknown, what stays, what would be refused
  };
  using PlanDone = std::function<void(Result<Plan>)>;
  // Changes nothing. Answers within 2.5 minutes. Errors: those of find_node(); what a node does not
  // tell becomes a note.
  void plan(const std::string& node, bool remove, PlanDone done);

  void answered(const std::string& node, v1::ResetPlan reply);
  // False: the reply is not about a plan.
  bool answered(const std::string& node, const v1::DrainReply& reply);

  void expire(std::chrono::steady_clock::time_point now);
  void fail_all(const Error& why);

 private:
  struct Draft;
  void plan_drain(const Node& node, const std::shared_ptr<Draft>& draft);
  void plan_reset(const std::shared_ptr<Draft>& draft);
  void plan_rest(const Draft& draft) const;

  Registry& registry_;
  Sessions& sessions_;
  Decisions& decisions_;
  Waits<v1::ResetPlan> reset_plans_;
  Waits<v1::DrainReply> drain_plans_;
};

}  // namespace kagent::coordinator
