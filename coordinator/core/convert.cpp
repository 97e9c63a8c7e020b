#include "coordinator/core/convert.hpp"

#include "agent/common/base/names.hpp"
#include "agent/common/trust/pem_certificates.hpp"
#include "agent/common/values/values.hpp"
#include "coordinator/admission/message_limits.hpp"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

namespace kagent::coordinator {
namespace {

using std::chrono::nanoseconds;
using std::chrono::system_clock;

constexpr std::int64_t longest_seconds = 7'258'118'400;  // the year 2200

StepState step_state(v1::StepState state) {
  switch (state) {
    case v1::STEP_STATE_CHECKING: return StepState::checking;
    case v1::STEP_STATE_RUNNING: return StepState::running;
    case v1::STEP_STATE_DONE: return StepState::done;
    case v1::STEP_STATE_RETRYING: return StepState::retrying;
    case v1::STEP_STATE_FAILED: return StepState::failed;
    case v1::STEP_STATE_WAITING: return StepState::waiting;
    default: return StepState::pending;
  }
}

v1::Phase phase_message(Phase phase) {
  // The enumerators have the same order; zero is UNSPECIFIED on the wire.
  return static_cast<v1::Phase>(static_cast<int>(phase) + 1);
}
static_assert(static_cast<int>(Phase::lost) + 1 == v1::PHASE_LOST);
static_assert(static_cast<int>(Phase::reset) + 1 == v1::PHASE_RESET);
static_assert(static_cast<int>(Phase::waiting) + 1 == v1::PHASE_WAITING);

}  // namespace

WantedRole wanted_role(std::string_view name) {
  if (name == "control-plane") return WantedRole::control_plane;
  if (name == "worker") return WantedRole::worker;
  return WantedRole::automatic;
}

std::string_view to_string(WantedRole role) {
  switch (role) {
    case WantedRole::control_plane: return "control-plane";
    case WantedRole::worker: return "worker";
    case WantedRole::automatic: break;
  }
  return "auto";
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::control_plane: return "control-plane";
    case Role::worker: return "worker";
    case Role::none: break;
  }
  return "";
}

google::protobuf::Timestamp to_timestamp(system_clock::time_point at) {
  return google::protobuf::util::TimeUtil::NanosecondsToTimestamp(
      std::chrono::duration_cast<nanoseconds>(at.time_since_epoch()).count());
}

system_clock::time_point from_timestamp(const google::protobuf::Timestamp& at) {
  // Clamped, so that neither a Timestamp nor a 64-bit count of nanoseconds overflows.
  const auto seconds = std::clamp<std::int64_t>(at.seconds(), 0, longest_seconds);
  const auto nanos = std::clamp(at.nanos(), 0, 999'999'999);
  return system_clock::time_point(std::chrono::duration_cast<system_clock::duration>(
      std::chrono::seconds(seconds) + nanoseconds(nanos)));
}

Report to_report(const v1::NodeReport& message) {
  Report report;
  // Validated here: the name goes into paths of the API server, the address into every node's
  // haproxy.cfg.
  if (is_node_name(message.facts().node_name())) report.node_name = message.facts().node_name();
  if (is_ip_address(message.facts().address())) report.address = message.facts().address();
  report.reset_serial = message.reset_serial();
  if (message.has_obstacle())
    report.obstacle = message.obstacle().message() + "; " + message.obstacle().remedy();
  report.bytes = message.SerializeAsString();
  report.steps.reserve(static_cast<std::size_t>(message.steps_size()));
  for (const v1::StepStatus& step : message.steps())
    report.steps.push_back({step.name(), step_state(step.state()), step.attempts(), step.detail(),
                            step.failure().cause(), step.failure().message(),
                            step.failure().remedy()});
  return report;
}

std::optional<Report> parse_report(const std::string& bytes) {
  v1::NodeReport message;
  if (bytes.empty() || !message.ParseFromString(bytes)) return std::nullopt;
  (void)bound(message);  // a row of a version that did not bound reports
  return to_report(message);
}

Hello to_hello(const v1::Hello& message) {
  Hello hello;
  hello.wanted = wanted_role(message.requested_role());
  hello.assignment_serial = message.assignment_serial();
  if (message.has_report()) hello.report = to_report(message.report());
  return hello;
}

Result<ClusterReady> to_cluster_ready(const v1::ClusterReady& message) {
  // Every later joiner and every administrator gets these.
  const auto api_server = values::HostPort::parse(message.api_server());
  if (!api_server) return api_server.error().context("the API server");
  const auto ca = pki::PemCertificates::parse(message.ca_certificates());
  if (!ca) return ca.error().context("the CA of Kubernetes");
  ClusterReady ready;
  ready.cluster.api_server = api_server->str();
  ready.cluster.ca_certificates = ca->str();
  ready.lease_fence = message.lease_fence();
  return ready;
}

std::map<std::string, KubernetesState> to_kubernetes(const v1::KubernetesNodes& message) {
  std::map<std::string, KubernetesState> nodes;
  for (const v1::KubernetesNode& node : message.nodes()) {
    if (!is_node_name(node.name())) continue;
    nodes[node.name()] = {node.ready(), node.reason(), node.message(), node.kubelet_version(),
                          node.pod_cidr()};
  }
  return nodes;
}

Minted to_minted(const v1::MintReply& message) {
  Minted minted;
  minted.request = message.request();
  minted.bootstrap_token = message.bootstrap_token();
  minted.certificate_key = message.certificate_key();
  minted.expires_at = from_timestamp(message.expires_at());
  if (message.has_failure()) {
    minted.problem = message.failure().message();
    if (minted.problem.empty()) minted.problem = "no reason given";
  } else if (const auto token = values::BootstrapToken::parse(minted.bootstrap_token); !token) {
    minted.problem = token.error().message();
  } else if (const auto key = values::CertificateKey::parse(minted.certificate_key);
             !minted.certificate_key.empty() && !key) {
    minted.problem = key.error().message();
  }
  return minted;
}

std::string_view to_string(LeaveStage stage) {
  switch (stage) {
    case LeaveStage::drain: return "drain";
    case LeaveStage::reset: return "reset";
    case LeaveStage::unregister: return "unregister";
    case LeaveStage::left: return "left";
    case LeaveStage::none: break;
  }
  return "";
}

Drained to_drained(const v1::DrainReply& message) {
  Drained drained;
  drained.request = message.request();
  drained.done = message.done();
  drained.pods.assign(message.pods().begin(), message.pods().end());
  if (message.has_failure()) {
    drained.problem = message.failure().message();
    if (drained.problem.empty()) drained.problem = "no reason given";
  }
  return drained;
}

LeaveWish to_leave_wish(const v1::LeaveNodeRequest& request) {
  LeaveWish wish;
  wish.remove = request.remove();
  wish.force = request.force();
  wish.rejoin = request.rejoin();
  wish.drain_limit = std::chrono::seconds(request.drain_seconds());
  return wish;
}

Result<Tokens::Wish> to_token_wish(const v1::CreateTokenRequest& request, std::string created_by) {
  const WantedRole role = wanted_role(request.role());
  if (!request.role().empty() && to_string(role) != request.role())
    return Error(Errc::invalid_argument,
                 "a token's role is auto, worker or control-plane, not " + request.role());
  Tokens::Wish wish{
      std::chrono::seconds(request.lifetime_seconds()), {}, role, std::move(created_by)};
  if (request.has_uses()) wish.uses = request.uses();
  return wish;
}

v1::Node to_message(const Registry& registry, const Node& node) {
  v1::Node message;
  const Status status = registry.status(node);
  message.set_id(node.record.id);
  message.set_name(node.record.name.empty() ? node.record.id : node.record.name);
  message.set_role(std::string(to_string(node.record.role)));
  message.set_phase(phase_message(status.phase));
  message.set_step(status.step);
  message.set_reason(status.reason);
  if (node.report) (void)message.mutable_report()->ParseFromString(node.report->bytes);
  if (const KubernetesState* state = registry.kubernetes(node)) {
    v1::KubernetesNode& kubernetes = *message.mutable_kubernetes();
    kubernetes.set_name(node.record.name);
    kubernetes.set_ready(state->ready);
    kubernetes.set_reason(state->reason);
    kubernetes.set_message(state->message);
    kubernetes.set_kubelet_version(state->kubelet_version);
    kubernetes.set_pod_cidr(state->pod_cidr);
  }
  *message.mutable_enrolled_at() = to_timestamp(node.record.enrolled_at);
  *message.mutable_last_seen_at() = to_timestamp(node.record.last_seen_at);
  message.set_connected(node.connected);
  const LeaveRecord& leave = node.record.leave;
  if (leave.stage != LeaveStage::none || !leave.problem.empty()) {
    message.mutable_leaving()->set_remove(leave.remove);
    message.mutable_leaving()->set_stage(std::string(to_string(leave.stage)));
    message.mutable_leaving()->set_problem(leave.problem);
    for (const std::string& pod : registry.pods(node)) message.mutable_leaving()->add_pods(pod);
  }
  message.set_init_lease(registry.lease().holder == node.record.id);
  return message;
}

v1::Token to_message(const TokenRecord& record) {
  v1::Token message;
  message.set_id(record.id);
  message.set_role(std::string(to_string(record.role)));
  if (record.uses_left) message.set_uses_left(*record.uses_left);
  *message.mutable_created_at() = to_timestamp(record.created_at);
  *message.mutable_expires_at() = to_timestamp(record.expires_at);
  message.set_created_by(record.created_by);
  return message;
}

v1::Claim to_message(const Claim& claim, bool rival, Now now) {
  v1::Claim message;
  message.set_node_id(claim.node_id);
  message.set_key_sha256(claim.key_sha256);
  message.set_address(claim.address);
  const auto ago = std::chrono::duration_cast<std::chrono::seconds>(now.steady - claim.last);
  message.set_seconds_ago(static_cast<std::uint32_t>(ago.count()));
  message.set_rival(rival);
  return message;
}

}  // namespace kagent::coordinator
