#include "coordinator/service/coordinator.hpp"

#include "agent/base/log.hpp"
#include "agent/base/version.hpp"
#include "coordinator/service/convert.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>

namespace kagent::coordinator {
namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

// Reports are worth little after a crash (the nodes send them anew): not a commit each.
constexpr unsigned sweeps_a_report_flush = 4;

Policy policy_of(const v1::ClusterConfig& config) {
  Policy policy;
  policy.control_planes = std::max(1U, config.control_planes());
  policy.config_digest = digest_of(config);
  return policy;
}

bool is_node_id(const std::string& id) {
  return !id.empty() && id.size() <= 64 &&
         std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
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

Coordinator::Coordinator(boost::asio::any_io_executor loop, State state, v1::ClusterConfig config,
                         std::function<void(const Error&)> fatal)
    : loop_(loop),
      authority_(std::move(state.authority)),
      store_(std::move(state.store)),
      config_(std::move(config)),
      token_hashes_(state.snapshot.token_hashes.begin(), state.snapshot.token_hashes.end()),
      registry_(policy_of(config_), state.snapshot, reports_of(state.snapshot), now()),
      courier_(loop, *store_, std::move(fatal)),
      sweep_(loop) {}

Coordinator::~Coordinator() = default;

void Coordinator::start(std::string advertised) {
  advertised_ = std::move(advertised);
  started_ = true;
  arm_sweep();
}

void Coordinator::stop() {
  if (std::exchange(stopped_, true)) return;
  sweep_.cancel();
  courier_.flush();
  flush_reports();
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
    if (++sweeps_ % sweeps_a_report_flush == 0) flush_reports();
    arm_sweep();
  });
}

void Coordinator::flush_reports() {
  if (unsaved_reports_.empty()) return;
  const auto ids = std::exchange(unsaved_reports_, {});
  const auto saved = store_->atomically([&]() -> Result<> {
    for (const std::string& id : ids) {
      const Node* node = registry_.find(id);
      if (node == nullptr || !node->report) continue;
      if (auto done = store_->save_report(id, node->report->bytes); !done) return done;
    }
    return {};
  });
  if (!saved) log::warning("reports are not saved: {}", saved.error().message());
}

void Coordinator::configure(v1::ClusterConfig config) {
  config_ = std::move(config);
  const Policy policy = policy_of(config_);
  registry_.configure(policy.control_planes, policy.config_digest, now());
  act();
}

// --- enrolment

Result<> Coordinator::may_enrol(const v1::EnrollRequest& request, const Caller& caller,
                                const std::string& key_sha256) const {
  if (!is_node_id(request.node_id()))
    return Error(Errc::invalid_argument, "a node id is 1 to 64 letters, digits and '-'");
  const bool renews = caller.organization == pki::node_organization &&
                      caller.common_name == request.node_id() && caller.key_sha256 == key_sha256;
  if (renews) return {};
  if (request.token().empty())
    return Error(Errc::unauthenticated,
                 "an enrolment token is needed: take the user-data line of `kagentctl user-data`");
  if (!token_hashes_.contains(pki::sha256_hex(request.token())))
    return Error(Errc::unauthenticated,
                 "the enrolment token is not known here: `kagentctl user-data` on the coordinator "
                 "prints the line that is valid");
  return {};
}

void Coordinator::enroll(const v1::EnrollRequest& request, const Caller& caller, EnrollDone done) {
  const auto refuse = [&](const Error& error) {
    ++counters_.enrolments_refused;
    // Anybody may call: nothing else that he sends goes into the log.
    log::warning("enrolment of {} from {} refused: {}",
                 is_node_id(request.node_id()) ? request.node_id() : "?", caller.address,
                 error.message());
    done(error);
  };
  auto csr = pki::parse_csr(request.csr());
  if (!csr) return refuse(Error(Errc::invalid_argument, csr.error().message()));
  if (csr->common_name != request.node_id())
    return refuse(Error(Errc::invalid_argument, "the request is not for this node id"));
  const auto key = pki::spki_sha256(csr->public_key);
  if (!key) return refuse(Error(Errc::invalid_argument, key.error().message()));
  if (auto may = may_enrol(request, caller, *key); !may) return refuse(may.error());

  const bool known = registry_.find(request.node_id()) != nullptr;
  const Enrolment enrolment =
      registry_.enrol(request.node_id(), *key, wanted_role(request.requested_role()), now());
  if (enrolment == Enrolment::removed)
    return refuse(Error(Errc::permission_denied, "node " + request.node_id() +
                                                     " was removed; `kagentctl rejoin " +
                                                     request.node_id() + "` lets it come back"));
  if (enrolment == Enrolment::other_key)
    return refuse(
        Error(Errc::already_exists,
              "node " + request.node_id() +
                  " is bound to another key: another machine uses this id, or this one has "
                  "lost its key"));
  auto certificate = issue_node_certificate(authority_, request.node_id(), csr->public_key);
  if (!certificate) return refuse(certificate.error());
  if (!known) log::info("node {} enrolled from {}", request.node_id(), caller.address);
  v1::EnrollResponse response;
  response.set_certificate(std::move(*certificate));
  response.set_ca_certificates(authority_.ca_pem);
  response.set_cluster_id(authority_.cluster_id);
  act();
  courier_.after([this, response, done = std::move(done)] {
    ++counters_.enrolments_accepted;
    done(response);
  });
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
  else if (record == nullptr || record->key_sha256 != caller.key_sha256)
    admitted = Error(Errc::unauthenticated, "node " + caller.common_name + " is not enrolled here");
  if (!admitted) {
    ++counters_.sessions_refused;
    log::warning("session from {} refused: {}", caller.address, admitted.error().message());
  }
  return admitted;
}

void Coordinator::received(const std::shared_ptr<Peer>& peer, const Caller& caller,
                           v1::AgentMessage message) {
  const std::string& id = caller.common_name;
  if (message.has_hello()) {
    Session& session = sessions_[id];
    if (session.peer && session.peer != peer)
      session.peer->close(Error(Errc::cancelled, "another session of this node has begun"));
    session.peer = peer;
    return greet(session, caller, message.hello());
  }
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.peer != peer)
    return peer->close(Error(Errc::failed_precondition, "the first message of a session is Hello"));
  dispatch(caller, message);
  act();
}

void Coordinator::greet(Session& session, const Caller& caller, const v1::Hello& hello) {
  ++counters_.sessions_opened;
  log::debug("session of {} from {}", caller.common_name, caller.address);
  v1::CoordinatorMessage message;
  message.mutable_welcome()->set_protocol(protocol_version);
  message.mutable_welcome()->set_cluster_id(authority_.cluster_id);
  *message.mutable_welcome()->mutable_coordinator_time() = to_timestamp(system_clock::now());
  session.peer->send(std::move(message));
  const Now at = now();
  registry_.connected(caller.common_name, to_hello(hello), at);
  if (hello.has_report()) unsaved_reports_.insert(caller.common_name);
  if (hello.has_cluster_ready())
    registry_.cluster_ready(caller.common_name, to_cluster_ready(hello.cluster_ready()), at);
  act();
}

void Coordinator::dispatch(const Caller& caller, v1::AgentMessage& message) {
  const std::string& id = caller.common_name;
  const Now at = now();
  switch (message.body_case()) {
    case v1::AgentMessage::kReport:
      registry_.reported(id, to_report(message.report()), at);
      unsaved_reports_.insert(id);
      break;
    case v1::AgentMessage::kHeartbeat: {
      registry_.heard(id, at);
      v1::CoordinatorMessage reply;
      reply.mutable_heartbeat_reply()->set_sequence(message.heartbeat().sequence());
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
    case v1::AgentMessage::kKubeconfigReply:
      if (const auto done = kubeconfig_waits_.take(message.kubeconfig_reply().serial(), id))
        (*done)(std::move(*message.mutable_kubeconfig_reply()));
      break;
    default: break;  // from a newer agent
  }
}

void Coordinator::closed(const Peer* peer, const Caller& caller) {
  const auto found = sessions_.find(caller.common_name);
  if (found == sessions_.end() || found->second.peer.get() != peer) return;
  sessions_.erase(found);
  registry_.disconnected(caller.common_name, now());
  act();
}

}  // namespace kagent::coordinator
