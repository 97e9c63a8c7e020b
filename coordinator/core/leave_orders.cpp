#include "coordinator/core/leave_orders.hpp"

#include "agent/common/base/log.hpp"
#include "coordinator/core/clock.hpp"
#include "coordinator/core/find_node.hpp"

namespace kagent::coordinator {
namespace {

// kagent-noded checks every step.
constexpr std::chrono::seconds reset_plan_limit{120};
constexpr std::chrono::seconds drain_plan_limit{15};

}  // namespace

Result<std::string> LeaveOrders::leave(const std::string& node, const LeaveWish& wish,
                                       const Caller& caller) {
  const auto found = find_node(registry_, node);
  if (!found) return found.error();
  const std::string id = (*found)->record.id;
  AuditEntry entry(wish.remove ? "remove" : "reset", caller);
  entry.node = id;
  if (wish.force) entry.more.emplace_back("force", "yes");
  if (auto ordered = decisions_.audited(entry, registry_.leave(id, wish, now())); !ordered)
    return ordered.error();
  log::warning("{} of node {}{} ordered by {}", wish.remove ? "removal" : "reset", id,
               wish.force ? " (forced)" : "", who(caller));
  if (auto saved = decisions_.save(entry); !saved) return saved.error();
  return id;
}

Result<std::string> LeaveOrders::rejoin(const std::string& node, const Caller& caller) {
  const auto found = find_node(registry_, node);
  const bool was_removed = registry_.removed(node) != nullptr;
  if (was_removed && found)
    return Error(Errc::failed_precondition, node +
                                                " is the id of a node that was removed, and the "
                                                "name of node " +
                                                (*found)->record.id +
                                                ": that one has to get another hostname first");
  if (!was_removed && !found && found.error().code() == Errc::not_found)
    return Error(Errc::not_found,
                 found.error().message() + "; a node that was removed is named by its id");
  if (!found && found.error().code() != Errc::not_found) return found.error();
  const std::string id = found ? (*found)->record.id : node;
  AuditEntry entry("rejoin", caller);
  entry.node = id;
  if (auto back = decisions_.audited(entry, registry_.rejoin(id, now())); !back)
    return back.error();
  log::info("{} allows node {} to come back", who(caller), id);
  if (auto saved = decisions_.save(entry); !saved) return saved.error();
  return id;
}

// --- the plan: first the drain, then the node's own reset, then the rest

struct LeaveOrders::Draft {
  std::string id;
  bool remove = false;
  PlanDone done;
  Plan plan;
};

void LeaveOrders::plan(const std::string& node, bool remove, PlanDone done) {
  const auto found = find_node(registry_, node);
  if (!found) return done(found.error());
  const auto draft = std::make_shared<Draft>();
  draft->id = (*found)->record.id;
  draft->remove = remove;
  draft->done = std::move(done);
  LeaveWish wish;
  wish.remove = remove;
  if (auto may = registry_.may_leave(**found, wish); !may)
    draft->plan.notes.push_back(may.error().message());
  plan_drain(**found, draft);
}

void LeaveOrders::plan_drain(const Node& node, const std::shared_ptr<Draft>& draft) {
  const Node* worker = registry_.reachable_control_plane(&node);
  const bool in_cluster = node.record.joined && registry_.owns_name(node);
  if (!in_cluster || worker == nullptr) {
    if (in_cluster)
      draft->plan.notes.emplace_back("no other control plane is connected to drain the node");
    return plan_reset(draft);
  }
  const std::string name = node.record.name;
  auto told = [this, draft, name](Result<v1::DrainReply> reply) {
    Plan& plan = draft->plan;
    if (!reply || reply->has_failure()) {
      plan.notes.push_back("the node's pods are not known: " +
                           (reply ? reply->failure().message() : reply.error().message()));
      return plan_reset(draft);
    }
    plan.changes.push_back("cordon " + name);
    for (const std::string& pod : reply->pods()) plan.changes.push_back("evict " + pod);
    for (const std::string& pod : reply->staying())
      plan.notes.push_back(pod + " is left to the reset");
    plan_reset(draft);
  };
  const std::uint64_t number = drain_plans_.next_number();
  drain_plans_.add(number, worker->record.id, std::move(told), drain_plan_limit);
  v1::CoordinatorMessage message;
  message.mutable_drain()->set_request(number);
  message.mutable_drain()->set_node_name(name);
  message.mutable_drain()->set_plan(true);
  sessions_.send(worker->record.id, std::move(message));
}

void LeaveOrders::plan_reset(const std::shared_ptr<Draft>& draft) {
  if (!sessions_.is_connected(draft->id)) {
    draft->plan.notes.emplace_back("the node is not connected, so what it would undo is not known");
    return plan_rest(*draft);
  }
  auto told = [this, draft](Result<v1::ResetPlan> reply) {
    Plan& plan = draft->plan;
    if (!reply || !reply->error().empty())
      plan.notes.push_back("what the node would undo is not known: " +
                           (reply ? reply->error() : reply.error().message()));
    else
      plan.changes.insert(plan.changes.end(), reply->changes().begin(), reply->changes().end());
    plan_rest(*draft);
  };
  const std::uint64_t number = reset_plans_.next_number();
  reset_plans_.add(number, draft->id, std::move(told), reset_plan_limit);
  v1::CoordinatorMessage message;
  message.mutable_plan_reset()->set_request(number);
  sessions_.send(draft->id, std::move(message));
}

void LeaveOrders::plan_rest(const Draft& draft) const {
  Plan plan = draft.plan;
  const Node* node = registry_.find(draft.id);
  if (node != nullptr && registry_.owns_name(*node) &&
      registry_.reachable_control_plane(node) != nullptr)
    plan.changes.push_back("delete the Node " + node->record.name);
  if (draft.remove)
    plan.changes.push_back("take " + draft.id + " out of the registry: it may not come back");
  draft.done(std::move(plan));
}

void LeaveOrders::answered(const std::string& node, v1::ResetPlan reply) {
  if (const auto done = reset_plans_.take(reply.request(), node)) (*done)(std::move(reply));
}

bool LeaveOrders::answered(const std::string& node, const v1::DrainReply& reply) {
  const auto done = drain_plans_.take(reply.request(), node);
  if (done) (*done)(reply);
  return done.has_value();
}

void LeaveOrders::expire(std::chrono::steady_clock::time_point now) {
  reset_plans_.expire(now);
  drain_plans_.expire(now);
}

void LeaveOrders::fail_all(const Error& why) {
  drain_plans_.fail_all(why);  // each then waits for the node's own plan
  reset_plans_.fail_all(why);
}

}  // namespace kagent::coordinator
