// Administrators' orders that nodes leave and come back, and what they would do.
#include "agent/common/base/log.hpp"
#include "coordinator/core/convert.hpp"
#include "coordinator/core/coordinator.hpp"

namespace kagent::coordinator {
namespace {

// noded looks at everything there is.
constexpr std::chrono::seconds reset_plan_limit{120};
constexpr std::chrono::seconds drain_plan_limit{15};

}  // namespace

// The log says what was decided. What it cannot say is not done: it is in memory only, and gone
// with the restart.
Result<> Coordinator::audited(AuditEntry& entry, Result<> decided) {
  if (!decided) {
    entry.reason = decided.error().message();
    (void)audit_.refused(entry, now());
    return decided;
  }
  auto written = audit_.granted(entry, now());
  if (!written) fatal_(written.error());
  return written;
}

// What is answered is on disk; else the log takes it back.
Result<> Coordinator::save_order(AuditEntry& entry) {
  act();
  auto saved = courier_.flush();
  if (saved) return saved;
  entry.reason = saved.error().message();
  (void)audit_.refused(entry, now());
  return saved;
}

Result<v1::LeaveNodeResponse> Coordinator::leave_node(const v1::LeaveNodeRequest& request,
                                                      const Caller& caller) {
  const auto node = resolve(request.node());
  if (!node) return node.error();
  const std::string id = (*node)->record.id;
  const LeaveWish wish = to_leave_wish(request);
  AuditEntry entry(wish.remove ? "remove" : "reset", caller);
  entry.node = id;
  if (wish.force) entry.more.emplace_back("force", "yes");
  if (auto ordered = audited(entry, registry_.leave(id, wish, now())); !ordered)
    return ordered.error();
  log::warning("{} of node {}{} ordered by {}", wish.remove ? "removal" : "reset", id,
               wish.force ? " (forced)" : "", who(caller));
  if (auto saved = save_order(entry); !saved) return saved.error();
  v1::LeaveNodeResponse response;
  response.set_node_id(id);
  return response;
}

Result<v1::RejoinNodeResponse> Coordinator::rejoin_node(const v1::RejoinNodeRequest& request,
                                                        const Caller& caller) {
  std::string id = request.node();
  const auto node = resolve(id);
  const bool was_removed = registry_.removed(id) != nullptr;
  if (was_removed && node)
    return Error(Errc::failed_precondition, id +
                                                " is the id of a node that was removed, and the "
                                                "name of node " +
                                                (*node)->record.id +
                                                ": that one has to get another hostname first");
  if (!was_removed && !node && node.error().code() == Errc::not_found)
    return Error(Errc::not_found,
                 node.error().message() + "; one that was removed is named by its id");
  if (!node && node.error().code() != Errc::not_found) return node.error();
  if (node) id = (*node)->record.id;
  AuditEntry entry("rejoin", caller);
  entry.node = id;
  if (auto back = audited(entry, registry_.rejoin(id, now())); !back) return back.error();
  log::info("node {} may come back, by {}", id, who(caller));
  if (auto saved = save_order(entry); !saved) return saved.error();
  v1::RejoinNodeResponse response;
  response.set_node_id(id);
  return response;
}

// --- what it would do

void Coordinator::plan_leave(const v1::PlanLeaveRequest& request, PlanLeaveDone done) {
  const auto found = resolve(request.node());
  if (!found) return done(found.error());
  const Node& node = **found;
  const std::string id = node.record.id;
  auto plan = std::make_shared<v1::PlanLeaveResponse>();
  LeaveWish wish;
  wish.remove = request.remove();
  if (auto may = registry_.may_leave(node, wish); !may) plan->add_notes(may.error().message());
  const bool remove = request.remove();
  // After the drain comes the node's own reset, then the rest.
  auto drained = [this, id, remove, plan, done](Result<v1::PlanLeaveResponse>) {
    const auto finish = [this, id, remove, plan, done] {
      const Node* now = registry_.find(id);
      if (now != nullptr && registry_.owns_name(*now) &&
          registry_.reachable_control_plane(now) != nullptr)
        plan->add_changes("delete the Node " + now->record.name);
      if (remove) plan->add_changes("take " + id + " out of the registry: it may not come back");
      done(*plan);
    };
    if (!sessions_.contains(id)) {
      plan->add_notes("the node is not connected: what it would undo cannot be asked");
      return finish();
    }
    const std::uint64_t number = next_request_++;
    auto told = [plan, finish](Result<v1::ResetPlan> reply) {
      if (!reply || !reply->error().empty())
        plan->add_notes("what the node would undo is not known: " +
                        (reply ? reply->error() : reply.error().message()));
      else
        plan->mutable_changes()->MergeFrom(reply->changes());
      finish();
    };
    plan_waits_.add(number, id, std::move(told), reset_plan_limit);
    v1::CoordinatorMessage message;
    message.mutable_plan_reset()->set_request(number);
    send(id, std::move(message));
  };
  plan_drain(node, plan, std::move(drained));
}

void Coordinator::plan_drain(const Node& node, std::shared_ptr<v1::PlanLeaveResponse> plan,
                             PlanLeaveDone done) {
  const Node* worker = registry_.reachable_control_plane(&node);
  const bool in_cluster = node.record.joined && registry_.owns_name(node);
  if (!in_cluster || worker == nullptr) {
    if (in_cluster) plan->add_notes("no other control plane is there to drain it");
    return done(*plan);
  }
  const std::string name = node.record.name;
  const std::uint64_t number = next_request_++;
  auto told = [plan, name, done](Result<v1::DrainReply> reply) {
    if (!reply || reply->has_failure()) {
      plan->add_notes("its pods cannot be asked for: " +
                      (reply ? reply->failure().message() : reply.error().message()));
      return done(*plan);
    }
    plan->add_changes("cordon " + name);
    for (const std::string& pod : reply->pods()) plan->add_changes("evict " + pod);
    for (const std::string& pod : reply->staying()) plan->add_notes(pod + " is left to the reset");
    done(*plan);
  };
  drain_plan_waits_.add(number, worker->record.id, std::move(told), drain_plan_limit);
  v1::CoordinatorMessage message;
  message.mutable_drain()->set_request(number);
  message.mutable_drain()->set_node_name(name);
  message.mutable_drain()->set_plan(true);
  send(worker->record.id, std::move(message));
}

void Coordinator::drain_reply(const std::string& node, const v1::DrainReply& reply) {
  if (const auto done = drain_plan_waits_.take(reply.request(), node)) return (*done)(reply);
  registry_.drained(node, to_drained(reply), now());
}

}  // namespace kagent::coordinator
