// What the coordinator tells administrators.
#include "agent/common/base/log.hpp"
#include "coordinator/admission/address.hpp"
#include "coordinator/core/convert.hpp"
#include "coordinator/core/coordinator.hpp"

#include <algorithm>

namespace kagent::coordinator {
namespace {

constexpr std::chrono::seconds logs_deadline{5};
constexpr std::uint32_t default_log_lines = 200;
constexpr std::uint32_t most_log_lines = 5000;

const std::string& title_of(const Node& node) {
  return node.record.name.empty() ? node.record.id : node.record.name;
}

// kubelet renews its own between seven and nine tenths of their life (client-go,
// util/certificate: nextRotationDeadline); kubeadm's are its operator's to renew.
void put_held(const v1::HeldCertificate& held, const std::string& node, v1::Certificate& message) {
  message.set_holder(node);
  message.set_subject(held.subject());
  message.set_use(held.use());
  message.set_file(held.file());
  *message.mutable_issued_at() = held.issued_at();
  *message.mutable_expires_at() = held.expires_at();
  if (!held.file().starts_with("/var/lib/kubelet/pki/") || !held.file().ends_with("-current.pem"))
    return;
  const auto life = held.expires_at().seconds() - held.issued_at().seconds();
  message.mutable_renewal_at()->set_seconds(held.issued_at().seconds() + life / 10 * 7);
}

}  // namespace

v1::Node Coordinator::to_message(const Node& node) const {
  v1::Node message = coordinator::to_message(registry_, node);
  if (ahead_.contains(node.record.id))
    message.set_reason(
        "it holds a later order than the coordinator has ever given it: the coordinator's store is "
        "an older copy, and the node takes no order of it; kagent-coordinator(8), RESTORING");
  add_rival(message);
  return message;
}

v1::ListNodesResponse Coordinator::list_nodes() const {
  v1::ListNodesResponse response;
  for (const auto& node : registry_.nodes()) *response.add_nodes() = to_message(*node);
  *response.mutable_now() = to_timestamp(std::chrono::system_clock::now());
  return response;
}

Result<const Node*> Coordinator::resolve(const std::string& id_or_name) const {
  const Node* by_id = registry_.find(id_or_name);
  if (by_id != nullptr && by_id->record.name == id_or_name) return by_id;
  const Node* found = nullptr;
  for (const auto& node : registry_.nodes()) {
    if (node->record.name != id_or_name) continue;
    // A node says itself what it is called: by the id of another it is not taken for that one.
    if (by_id != nullptr)
      return Error(Errc::failed_precondition, id_or_name + " is the id of one node (named " +
                                                  title_of(*by_id) + ") and the name of another (" +
                                                  node->record.id + "): say that name or that id");
    if (found != nullptr)
      return Error(Errc::failed_precondition, "several nodes are named " + id_or_name +
                                                  ": give the id, " + found->record.id + " or " +
                                                  node->record.id);
    found = node.get();
  }
  if (by_id != nullptr) return by_id;
  if (found == nullptr) return Error(Errc::not_found, "there is no node " + id_or_name);
  return found;
}

Result<v1::RetryNodeResponse> Coordinator::retry_node(const v1::RetryNodeRequest& request,
                                                      const Caller& caller) {
  const auto node = resolve(request.node());
  if (!node) return node.error();
  const std::string& id = (*node)->record.id;
  if (!sessions_.contains(id))
    return Error(Errc::unavailable, "node " + request.node() + " is not connected");
  AuditEntry entry("retry", caller);
  entry.node = id;
  if (auto written = audit_.granted(entry, now()); !written) return written.error();
  v1::CoordinatorMessage message;
  message.mutable_retry();
  send(id, std::move(message));
  v1::RetryNodeResponse response;
  response.set_node_id(id);
  return response;
}

void Coordinator::get_logs(const v1::GetLogsRequest& request, LogsDone done) {
  const auto node = resolve(request.node());
  if (!node) return done(node.error());
  const std::string& id = (*node)->record.id;
  if (!sessions_.contains(id))
    return done(Error(Errc::unavailable, "node " + request.node() + " is not connected"));
  const std::uint64_t number = next_request_++;
  log_waits_.add(number, id, std::move(done), logs_deadline);
  v1::CoordinatorMessage message;
  v1::LogRequest& order = *message.mutable_log_request();
  order.set_request(number);
  order.set_step(request.step());
  order.set_lines(request.lines() == 0 ? default_log_lines
                                       : std::min(request.lines(), most_log_lines));
  send(id, std::move(message));
}

void Coordinator::log_reply(const std::string& node, v1::LogReply& reply) {
  const auto done = log_waits_.take(reply.request(), node);
  if (!done) return;
  if (!reply.error().empty()) return (*done)(Error(Errc::unavailable, reply.error()));
  v1::GetLogsResponse response;
  *response.mutable_lines() = std::move(*reply.mutable_lines());
  (*done)(std::move(response));
}

std::string Coordinator::user_data(bool with_token) const {
  std::string line = "kagent://" + advertised_ + "/sha256:" + authority_.ca_sha256;
  if (with_token && !authority_.enrolment_token.empty())
    line += "?token=" + authority_.enrolment_token;
  return line;
}

Result<std::string> Coordinator::hand_out_user_data(bool with_token, const Caller& caller) {
  if (with_token && authority_.enrolment_token.empty())
    return Error(Errc::failed_precondition,
                 "the token in force was renewed on another coordinator: copy its enrolment-token "
                 "into the state folder here and restart, or renew it here: `kagentctl token "
                 "revoke user-data`");
  if (with_token)
    if (auto written = audit_.granted(AuditEntry("user-data", caller), now()); !written)
      return written.error();
  return user_data(with_token);
}

Result<> Coordinator::may_administer(const Caller& caller, std::string_view what) {
  if (caller.local || caller.organization == pki::admin_organization) {
    connections_.known(connection_key(caller.address));
    return {};
  }
  ++counters_.administration_refused;
  AuditEntry entry("administration", caller);
  entry.reason = "no administrator";
  entry.more.emplace_back("call", what);
  if (audit_.refused(entry, now()))
    log::warning("administration from {} ({}) refused", caller.address,
                 caller.common_name.empty() ? "no certificate" : caller.common_name);
  return Error(Errc::permission_denied,
               "this needs the admin socket (root and group kagent-admin) or an admin certificate");
}

v1::ListCertificatesResponse Coordinator::list_certificates() const {
  v1::ListCertificatesResponse response;
  const auto add = [&](const std::string& holder, const std::string& subject,
                       const std::string& use, const pki::Validity& validity) -> v1::Certificate& {
    v1::Certificate& message = *response.add_certificates();
    message.set_holder(holder);
    message.set_subject(subject);
    message.set_use(use);
    *message.mutable_issued_at() = to_timestamp(validity.not_before);
    *message.mutable_expires_at() = to_timestamp(validity.not_after);
    return message;
  };
  for (const OwnCertificate& own : own_certificates_) {
    v1::Certificate& message = add("coordinator", own.subject, own.use, own.validity);
    if (own.renewal) *message.mutable_renewal_at() = to_timestamp(*own.renewal);
  }
  for (const auto& node : registry_.nodes()) {
    const std::string& id = node->record.id;
    if (const auto found = node_certificates_.find(id); found != node_certificates_.end()) {
      const pki::Validity& validity = found->second;
      // agent/kagentd/session/identity.cpp: half of its life, and up to a tenth more.
      *add(id, id, "client", validity).mutable_renewal_at() =
          to_timestamp(validity.not_before + (validity.not_after - validity.not_before) / 2);
    }
    v1::NodeReport report;
    if (node->report) (void)report.ParseFromString(node->report->bytes);
    for (const v1::HeldCertificate& held : report.certificates())
      put_held(held, id, *response.add_certificates());
  }
  *response.mutable_now() = to_timestamp(std::chrono::system_clock::now());
  return response;
}

void Coordinator::watch(std::shared_ptr<Watcher> watcher) {
  watchers_.push_back(std::move(watcher));
}

void Coordinator::unwatch(const Watcher* watcher) {
  std::erase_if(watchers_, [&](const auto& held) { return held.get() == watcher; });
}

}  // namespace kagent::coordinator
