#include "coordinator/core/coordinator.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/base/names.hpp"
#include "agent/common/base/version.hpp"
#include "coordinator/admission/address.hpp"
#include "coordinator/core/convert.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>

namespace kagent::coordinator {
namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

// Reports are worth little after a crash (the nodes send them anew): not a commit each.
constexpr unsigned sweeps_a_report_flush = 4;
// Each node's last one is kept.
constexpr std::size_t most_report_bytes = 512 << 10;

Policy policy_of(const v1::ClusterConfig& config) {
  Policy policy;
  policy.control_planes = std::max(1U, config.control_planes());
  policy.config_digest = digest_of(config);
  policy.local_balancer = config.local_balancer_port() != 0;
  return policy;
}

// Who is let in is nothing to them, and no reason for a new Assignment.
v1::ClusterConfig for_nodes(v1::ClusterConfig config) {
  config.clear_enrolment();
  return config;
}

std::vector<std::optional<Report>> reports_of(const Snapshot& snapshot) {
  std::vector<std::optional<Report>> reports;
  for (const StoredNode& node : snapshot.nodes) reports.push_back(parse_report(node.report));
  return reports;
}

}  // namespace

Now now() {
  return {steady_clock::now(), system_clock::now()};
}

std::string digest_of(const v1::ClusterConfig& config) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    config.SerializeToCodedStream(&coded);
  }
  return pki::sha256_hex(bytes);
}

Coordinator::Coordinator(boost::asio::any_io_executor loop, State state, Audit audit,
                         Settings settings, std::function<void(const Error&)> fatal)
    : loop_(loop),
      authority_(std::move(state.authority)),
      rollback_(std::move(state.rollback)),
      store_(std::move(state.store)),
      config_(for_nodes(settings.config)),
      audit_(std::move(audit)),
      door_(authority_.pins, Tokens(state.snapshot.token_hashes, state.snapshot.tokens)),
      most_nodes_(settings.config.enrolment().max_nodes()),
      registry_(policy_of(config_), state.snapshot, reports_of(state.snapshot), now()),
      courier_(loop, *store_, fatal),
      fatal_(std::move(fatal)),
      sweep_(loop) {
  door_.configure(settings.config.enrolment(), std::move(settings.region_certificates));
  if (auto own = own_certificates(authority_)) own_certificates_ = std::move(*own);
}

Coordinator::~Coordinator() = default;

void Coordinator::start(std::string advertised) {
  advertised_ = std::move(advertised);
  started_at_ = system_clock::now();
  started_ = true;
  arm_sweep();
}

void Coordinator::stop() {
  if (std::exchange(stopped_, true)) return;
  sweep_.cancel();
  (void)courier_.flush();
  flush_reports();
  audit_.flush(now(), true);
  const Error why(Errc::unavailable, "the coordinator is stopping");
  for (auto& [id, session] : sessions_) session.peer->close(why);
  for (auto& watcher : watchers_) watcher->close(why);
  log_waits_.fail_all(why);
  kubeconfig_waits_.fail_all(why);
  plan_waits_.fail_all(why);
  drain_plan_waits_.fail_all(why);
}

void Coordinator::arm_sweep() {
  sweep_.expires_after(liveness::sweep_every);
  sweep_.async_wait([this](boost::system::error_code error) {
    if (error || stopped_) return;
    const Now at = now();
    registry_.tick(at);
    act();
    log_waits_.expire(at.steady);
    kubeconfig_waits_.expire(at.steady);
    plan_waits_.expire(at.steady);
    drain_plan_waits_.expire(at.steady);
    audit_.flush(at);
    look_at_certificates(at);
    if (++sweeps_ % sweeps_a_report_flush == 0) flush_reports();
    arm_sweep();
  });
}

void Coordinator::look_at_certificates(Now at) {
  // Until then a CA before this one counts, for callers as well; a start leaves it out.
  const bool ended = std::ranges::any_of(authority_.vouchers, [&](const pki::Validity& voucher) {
    return voucher.not_after > started_at_ && voucher.not_after <= at.wall;
  });
  if (ended) {
    started_at_ = at.wall;
    return fatal_(Error(Errc::unavailable,
                        "a CA of before is known no longer: the start that follows forgets it"));
  }
  for (const OwnCertificate& own : own_certificates_) {
    if (!own.renewal || at.wall < *own.renewal) continue;
    own_certificates_.clear();
    return fatal_(
        Error(Errc::unavailable, "a certificate of the coordinator (" + own.use +
                                     ") is due: it is renewed at the start that follows"));
  }
}

void Coordinator::flush_reports() {
  if (unsaved_reports_.empty()) return;
  std::vector<ReportRecord> reports;
  for (const std::string& id : unsaved_reports_)
    if (const Node* node = registry_.find(id); node != nullptr && node->report)
      reports.push_back({id, node->report->bytes});
  const auto saved = store_->save_reports(reports);
  unsaved_reports_.clear();
  if (!saved) log::warning("reports are not saved: {}", saved.error().message());
}

Result<> Coordinator::configure(Settings settings) {
  const v1::EnrolmentConfig& enrolment = settings.config.enrolment();
  if (enrolment.SerializeAsString() != door_.config().SerializeAsString()) {
    AuditEntry entry("enrolment-policy", Caller());
    entry.actor = "configuration";
    std::string policy;
    (void)google::protobuf::util::MessageToJsonString(enrolment, &policy);
    entry.more.emplace_back("policy", policy);
    if (auto written = audit_.granted(entry, now()); !written) return written;
  }
  most_nodes_ = enrolment.max_nodes();
  door_.configure(enrolment, std::move(settings.region_certificates));
  config_ = for_nodes(settings.config);
  const Policy policy = policy_of(config_);
  registry_.configure(policy, now());
  act();
  return {};
}

// --- sessions

Result<> Coordinator::admit(const Caller& caller) {
  Result<> admitted;
  const NodeRecord* record = registry_.removed(caller.common_name);
  const bool out = record != nullptr && record->leave.reset_done;
  if (const Node* node = registry_.find(caller.common_name)) record = &node->record;
  if (stopped_)
    admitted = Error(Errc::unavailable, "the coordinator is stopping");
  else if (caller.organization != pki::node_organization)
    admitted =
        Error(Errc::unauthenticated, "a session needs a node's client certificate: enrol first");
  else if (out)
    admitted = Error(Errc::permission_denied, "node " + caller.common_name + " was removed");
  else if (auto proof = record == nullptr ? rollback_.unknown_node(caller) : Result<>(); !proof)
    admitted = proof;
  else if (record == nullptr || record->key_sha256 != caller.key_sha256)
    admitted = Error(Errc::unauthenticated, "node " + caller.common_name + " is not enrolled here");
  if (!admitted) {
    ++counters_.sessions_refused;
    AuditEntry entry("session", caller);
    entry.reason = admitted.error().message();
    if (audit_.refused(entry, now()))
      log::warning("session from {} refused: {}", caller.address, admitted.error().message());
    if (admitted.error().code() == Errc::data_loss) fatal_(admitted.error());
  } else {
    connections_.known(connection_key(caller.address));
  }
  return admitted;
}

void Coordinator::note_certificate(const Caller& caller, const v1::NodeCertificate& judged) {
  const Node* by = registry_.find(caller.common_name);
  if (by == nullptr || by->record.role != Role::control_plane) return;  // no other could know
  AuditEntry entry("node-certificate", caller);
  entry.node = judged.node_name();
  entry.more.emplace_back("request", judged.request());
  if (judged.refusal().empty()) {
    // It is granted already, by Kubernetes: what is not written here is no reason to undo it.
    if (auto written = audit_.granted(entry, now()); !written)
      log::warning("{}", written.error().message());
    return;
  }
  entry.reason = judged.refusal();
  if (audit_.refused(entry, now()))
    log::warning("somebody with a bootstrap token asks for the certificate of node {}: {}",
                 entry.node, entry.reason);
}

void Coordinator::received(const std::shared_ptr<Peer>& peer, const Caller& caller,
                           v1::AgentMessage message) {
  const std::string& id = caller.common_name;
  if (message.has_hello()) {
    // Since it was let in, its key may have been barred.
    if (auto admitted = admit(caller); !admitted) return peer->close(admitted.error());
    Session& session = sessions_[id];
    if (session.peer && session.peer != peer)
      session.peer->close(Error(Errc::cancelled, "another session of this node has begun"));
    session.peer = peer;
    return greet(session, caller, std::move(*message.mutable_hello()));
  }
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.peer != peer)
    return peer->close(Error(Errc::failed_precondition, "the first message of a session is Hello"));
  dispatch(caller, message);
  act();
}

bool Coordinator::is_too_large(const std::string& id, const v1::NodeReport& report) {
  if (report.ByteSizeLong() <= most_report_bytes) return false;
  if (!std::exchange(sessions_[id].oversized, true))
    log::warning("node {} sends reports of more than 512 KiB: not taken", id);
  return true;
}

// A node may lie about it, so it brings nothing down: what an older store means for others is told
// by certificates.
void Coordinator::look_ahead(const std::string& id, std::uint64_t serial) {
  const NodeRecord* record = registry_.record(id);
  if (record == nullptr || serial <= record->serial) {
    ahead_.erase(id);
    return;
  }
  if (ahead_.insert(id).second)
    log::error(
        "node {} holds order {}, the last that is known here is {}: was the store put back "
        "from an older copy? It will take no order below that",
        id, serial, record->serial);
}

void Coordinator::greet(Session& session, const Caller& caller, v1::Hello hello) {
  if (!understands(hello.protocol()))
    return session.peer->close(
        Error(Errc::failed_precondition,
              fmt::format(
                  "this agent speaks protocol {} and the coordinator, {}, protocol {}: they may be "
                  "one apart; update the older one",
                  hello.protocol(), version, protocol_version)));
  ++counters_.sessions_opened;
  log::debug("session of {} from {}", caller.common_name, caller.address);
  node_certificates_[caller.common_name] = caller.validity;
  v1::CoordinatorMessage message;
  message.mutable_welcome()->set_protocol(protocol_version);
  message.mutable_welcome()->set_cluster_id(authority_.cluster_id);
  *message.mutable_welcome()->mutable_coordinator_time() = to_timestamp(system_clock::now());
  for (const auto& name : config_.ignore_preflight_errors())
    message.mutable_welcome()->add_ignore_preflight_errors(name);
  session.peer->send(std::move(message));
  session.conflicts.clear();
  session.oversized = false;
  if (is_too_large(caller.common_name, hello.report())) hello.clear_report();
  const Now at = now();
  look_ahead(caller.common_name, hello.assignment_serial());
  registry_.connected(caller.common_name, to_hello(hello), at);
  if (hello.has_report()) unsaved_reports_.insert(caller.common_name);
  tell_conflicts(caller.common_name, hello.report().facts());
  if (hello.has_cluster_ready())
    registry_.cluster_ready(caller.common_name, to_cluster_ready(hello.cluster_ready()), at);
  act();
}

void Coordinator::dispatch(const Caller& caller, v1::AgentMessage& message) {
  const std::string& id = caller.common_name;
  const Now at = now();
  switch (message.body_case()) {
    case v1::AgentMessage::kReport:
      if (is_too_large(id, message.report())) break;
      registry_.reported(id, to_report(message.report()), at);
      unsaved_reports_.insert(id);
      tell_conflicts(id, message.report().facts());
      break;
    case v1::AgentMessage::kHeartbeat: {
      registry_.heard(id, at);
      v1::CoordinatorMessage reply;
      reply.mutable_heartbeat_reply()->set_sequence(message.heartbeat().sequence());
      *reply.mutable_heartbeat_reply()->mutable_coordinator_time() = to_timestamp(at.wall);
      send(id, std::move(reply));
      break;
    }
    case v1::AgentMessage::kClusterReady:
      registry_.cluster_ready(id, to_cluster_ready(message.cluster_ready()), at);
      break;
    case v1::AgentMessage::kKubernetesNodes:
      registry_.kubernetes_nodes(id, to_kubernetes(message.kubernetes_nodes()), at);
      break;
    case v1::AgentMessage::kMintReply:
      registry_.minted(id, to_minted(message.mint_reply()), at);
      break;
    case v1::AgentMessage::kDrainReply: drain_reply(id, message.drain_reply()); break;
    case v1::AgentMessage::kUnregisterReply: {
      const v1::UnregisterReply& reply = message.unregister_reply();
      const std::string none = "no reason given";
      std::string problem = reply.failure().message();
      if (reply.has_failure() && problem.empty()) problem = none;
      registry_.unregistered(id, reply.request(), std::move(problem), at);
      break;
    }
    case v1::AgentMessage::kResetPlan:
      if (const auto done = plan_waits_.take(message.reset_plan().request(), id))
        (*done)(std::move(*message.mutable_reset_plan()));
      break;
    case v1::AgentMessage::kLogReply: log_reply(id, *message.mutable_log_reply()); break;
    case v1::AgentMessage::kNodeCertificate:
      note_certificate(caller, message.node_certificate());
      break;
    case v1::AgentMessage::kKubeconfigReply:
      if (const auto done = kubeconfig_waits_.take(message.kubeconfig_reply().serial(), id))
        (*done)(std::move(*message.mutable_kubeconfig_reply()));
      break;
    default: break;  // from a newer agent
  }
}

// Its preflight fails by them, and they are what others say of themselves: only who was here before
// it, or is in the cluster, keeps it out.
void Coordinator::tell_conflicts(const std::string& id, const v1::NodeFacts& facts) {
  const bool is_named =
      is_node_name(facts.node_name()) && !facts.node_name().starts_with("localhost");
  duplicates_.seen(id, {{"hostname", is_named ? facts.node_name() : ""},
                        {"machine-id", facts.machine_id()},
                        {"product-uuid", facts.product_uuid()}});
  const Node* node = registry_.find(id);
  if (node == nullptr || node->record.joined || node->record.name_bound) return;
  auto conflicts = duplicates_.of(id, [&](const std::string& other) {
    const Node* rival = registry_.find(other);
    return rival != nullptr &&
           (rival->record.name_bound || rival->record.order < node->record.order);
  });
  auto& told = sessions_[id].conflicts;
  if (conflicts == told) return;
  v1::CoordinatorMessage message;
  message.mutable_conflicts();
  for (const Conflict& conflict : conflicts) {
    v1::Conflict& entry = *message.mutable_conflicts()->add_conflicts();
    entry.set_kind(conflict.kind);
    entry.set_value(conflict.value);
    entry.set_other(conflict.other);
  }
  told = std::move(conflicts);
  send(id, std::move(message));
}

void Coordinator::ending(const Caller& caller) {
  connections_.stranger(connection_key(caller.address), steady_clock::now());
}

void Coordinator::closed(const Peer* peer, const Caller& caller) {
  const auto found = sessions_.find(caller.common_name);
  if (found == sessions_.end() || found->second.peer.get() != peer) return;
  sessions_.erase(found);
  duplicates_.gone(caller.common_name);
  registry_.disconnected(caller.common_name, now());
  act();
}

}  // namespace kagent::coordinator
