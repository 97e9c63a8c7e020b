#include "coordinator/core/reception.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/base/version.hpp"
#include "coordinator/admission/message_limits.hpp"
#include "coordinator/core/clock.hpp"
#include "coordinator/core/convert.hpp"

#include <fmt/format.h>

namespace kagent::coordinator {

void Reception::received(const std::shared_ptr<Peer>& peer, const Caller& caller,
                         v1::AgentMessage message) {
  if (const auto dropped = bound(message); dropped > 0) {
    ++messages_cut_;
    log::debug("{} parts of a message of {} were cut or dropped", dropped, caller.common_name);
  }
  if (message.has_hello()) {
    // The node may have been removed or unbound since the stream began.
    if (auto admitted = gate_.admit(caller); !admitted) return peer->close(admitted.error());
    sessions_.open(caller.common_name, peer);
    return greet(peer, caller, std::move(*message.mutable_hello()));
  }
  if (!sessions_.has(caller.common_name, peer.get()))
    return peer->close(Error(Errc::failed_precondition, "the first message of a session is Hello"));
  dispatch(caller, message);
  postman_.act();
}

void Reception::closed(const Peer* peer, const Caller& caller) {
  const std::string& id = caller.common_name;
  if (!sessions_.end(id, peer)) return;
  notes_.conflicts.gone(id);
  registry_.disconnected(id, now());
  postman_.act();
}

v1::CoordinatorMessage Reception::welcome() const {
  v1::CoordinatorMessage message;
  v1::Welcome& welcome = *message.mutable_welcome();
  welcome.set_protocol(protocol_version);
  welcome.set_cluster_id(cluster_id_);
  *welcome.mutable_coordinator_time() = to_timestamp(now().wall);
  for (const auto& name : config_.ignore_preflight_errors())
    welcome.add_ignore_preflight_errors(name);
  return message;
}

void Reception::greet(const std::shared_ptr<Peer>& peer, const Caller& caller, v1::Hello hello) {
  if (!understands(hello.protocol()))
    return peer->close(
        Error(Errc::failed_precondition,
              fmt::format(
                  "this agent speaks protocol {} and the coordinator, {}, protocol {}: they may be "
                  "one apart; update the older one",
                  hello.protocol(), version, protocol_version)));
  const std::string& id = caller.common_name;
  ++sessions_opened_;
  log::debug("session of {} from {}", id, caller.address);
  notes_.certificates.seen(id, caller.validity);
  peer->send(welcome());
  notes_.conflicts.begin(id);
  notes_.reports.begin(id);
  if (!notes_.reports.accepts(id, hello.report())) hello.clear_report();
  const Now at = now();
  notes_.ahead.look(id, hello.assignment_serial());
  registry_.connected(id, to_hello(hello), at);
  if (hello.has_report()) notes_.reports.changed(id);
  notes_.conflicts.look(id, hello.report().facts());
  if (hello.has_cluster_ready()) take_cluster_ready(id, hello.cluster_ready(), at);
  postman_.act();
}

void Reception::dispatch(const Caller& caller, v1::AgentMessage& message) {
  const std::string& id = caller.common_name;
  const Now at = now();
  switch (message.body_case()) {
    case v1::AgentMessage::kReport: take_report(id, message.report(), at); break;
    case v1::AgentMessage::kHeartbeat: answer_heartbeat(id, message.heartbeat(), at); break;
    case v1::AgentMessage::kClusterReady:
      take_cluster_ready(id, message.cluster_ready(), at);
      break;
    case v1::AgentMessage::kKubernetesNodes:
      registry_.kubernetes_nodes(id, to_kubernetes(message.kubernetes_nodes()), at);
      break;
    case v1::AgentMessage::kMintReply:
      registry_.minted(id, to_minted(message.mint_reply()), at);
      break;
    case v1::AgentMessage::kDrainReply:
      if (!desks_.leaves.answered(id, message.drain_reply()))
        registry_.drained(id, to_drained(message.drain_reply()), at);
      break;
    case v1::AgentMessage::kUnregisterReply:
      take_unregister_reply(id, message.unregister_reply(), at);
      break;
    case v1::AgentMessage::kResetPlan:
      desks_.leaves.answered(id, std::move(*message.mutable_reset_plan()));
      break;
    case v1::AgentMessage::kLogReply:
      desks_.logs.answered(id, std::move(*message.mutable_log_reply()));
      break;
    case v1::AgentMessage::kNodeCertificate:
      audit_certificate(caller, message.node_certificate());
      break;
    case v1::AgentMessage::kKubeconfigReply:
      desks_.kubeconfigs.answered(id, std::move(*message.mutable_kubeconfig_reply()));
      break;
    default: break;  // from a newer agent
  }
}

void Reception::take_report(const std::string& node, const v1::NodeReport& report, Now at) {
  if (!notes_.reports.accepts(node, report)) return;
  registry_.reported(node, to_report(report), at);
  notes_.reports.changed(node);
  notes_.conflicts.look(node, report.facts());
}

void Reception::take_cluster_ready(const std::string& node, const v1::ClusterReady& message,
                                   Now at) {
  auto ready = to_cluster_ready(message);
  if (!ready)
    return log::warning("what node {} says of its cluster is not used: {}", node,
                        ready.error().message());
  registry_.cluster_ready(node, std::move(*ready), at);
}

void Reception::answer_heartbeat(const std::string& node, const v1::Heartbeat& heartbeat, Now at) {
  registry_.heard(node, at);
  v1::CoordinatorMessage reply;
  reply.mutable_heartbeat_reply()->set_sequence(heartbeat.sequence());
  *reply.mutable_heartbeat_reply()->mutable_coordinator_time() = to_timestamp(at.wall);
  sessions_.send(node, std::move(reply));
}

void Reception::take_unregister_reply(const std::string& node, const v1::UnregisterReply& reply,
                                      Now at) {
  std::string problem = reply.failure().message();
  if (reply.has_failure() && problem.empty()) problem = "no reason given";
  registry_.unregistered(node, reply.request(), std::move(problem), at);
}

void Reception::audit_certificate(const Caller& caller, const v1::NodeCertificate& judged) {
  const Node* by = registry_.find(caller.common_name);
  if (by == nullptr || by->record.role != Role::control_plane) return;  // no other node could know
  AuditEntry entry("node-certificate", caller);
  entry.node = judged.node_name();
  entry.more.emplace_back("request", judged.request());
  if (judged.refusal().empty()) {
    // Kubernetes has issued the certificate already, so a failure to audit it cannot undo it.
    if (auto written = audit_.granted(entry, now()); !written)
      log::warning("{}", written.error().message());
    return;
  }
  entry.reason = judged.refusal();
  if (audit_.refused(entry, now()))
    log::warning("somebody with a bootstrap token asks for the certificate of node {}: {}",
                 entry.node, entry.reason);
}

}  // namespace kagent::coordinator
