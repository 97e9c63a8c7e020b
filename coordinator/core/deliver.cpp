// Carries out what the registry wants done: on disk first, then to the nodes.
#include "agent/common/base/log.hpp"
#include "agent/common/trust/envelope.hpp"
#include "coordinator/admission/address.hpp"
#include "coordinator/core/convert.hpp"
#include "coordinator/core/coordinator.hpp"

namespace kagent::coordinator {
namespace {

using std::chrono::system_clock;

// An order that a node has not taken in this time is sent anew with its next Hello.
constexpr std::chrono::hours order_lifetime{24};

}  // namespace

void Coordinator::act() {
  Actions actions = registry_.take_actions();
  for (Write& write : actions.writes) courier_.write(std::move(write));
  for (Send& send : actions.sends)
    courier_.after([this, send = std::move(send)]() mutable { deliver(send); });
}

void Coordinator::send(const std::string& node, v1::CoordinatorMessage message) {
  const auto found = sessions_.find(node);
  // A node that is gone says what it has in its next Hello.
  if (found != sessions_.end()) found->second.peer->send(std::move(message));
}

Result<v1::SignedEnvelope> Coordinator::seal(const std::string& node, std::uint64_t serial,
                                             v1::EnvelopePayload payload,
                                             system_clock::time_point expires_at) const {
  payload.set_format(1);
  payload.set_cluster_id(authority_.cluster_id);
  payload.set_node_id(node);
  payload.set_serial(serial);
  *payload.mutable_issued_at() = to_timestamp(system_clock::now());
  *payload.mutable_expires_at() = to_timestamp(expires_at);
  auto envelope = sign_envelope(payload, authority_.signer);
  if (!envelope) return envelope.error().context("signing for " + node);
  return envelope;
}

void Coordinator::send_envelope(const std::string& node, std::uint64_t serial,
                                v1::EnvelopePayload payload, system_clock::time_point expires_at) {
  auto envelope = seal(node, serial, std::move(payload), expires_at);
  if (!envelope) return log::error("{}", envelope.error().message());
  v1::CoordinatorMessage message;
  *message.mutable_envelope() = std::move(*envelope);
  send(node, std::move(message));
}

void Coordinator::deliver(Send& action) {
  const auto order_expires = system_clock::now() + order_lifetime;
  if (auto* changed = std::get_if<Changed>(&action)) {
    for (const auto& watcher : watchers_) watcher->changed(changed->node);
  } else if (auto* assignment = std::get_if<SendAssignment>(&action)) {
    v1::EnvelopePayload payload;
    payload.mutable_assignment()->set_role(std::string(to_string(assignment->role)));
    payload.mutable_assignment()->set_init(assignment->init);
    payload.mutable_assignment()->set_lease_fence(assignment->lease_fence);
    *payload.mutable_assignment()->mutable_cluster_config() = config_;
    for (const std::string& address : assignment->api_servers)
      payload.mutable_assignment()->add_api_servers(host_port(address, api_server_port));
    log::info("node {} is a {}{}", assignment->node, to_string(assignment->role),
              assignment->init ? " and initialises the cluster" : "");
    send_envelope(assignment->node, assignment->serial, std::move(payload), order_expires);
  } else if (auto* reset = std::get_if<SendReset>(&action)) {
    v1::EnvelopePayload payload;
    payload.mutable_reset()->set_lease_fence(reset->lease_fence);
    payload.mutable_reset()->set_reason(reset->reason);
    log::warning("node {} must reset: {}", reset->node, reset->reason);
    send_envelope(reset->node, reset->serial, std::move(payload), order_expires);
  } else if (auto* grant = std::get_if<SendGrant>(&action)) {
    v1::EnvelopePayload payload;
    v1::JoinGrant& join = *payload.mutable_join_grant();
    join.set_api_server(registry_.cluster().api_server);
    join.set_ca_certificates(registry_.cluster().ca_certificates);
    join.set_bootstrap_token(std::move(grant->bootstrap_token));
    join.set_certificate_key(std::move(grant->certificate_key));
    *join.mutable_token_expires_at() = to_timestamp(grant->expires_at);
    AuditEntry entry("join-grant", Caller());
    entry.actor = "coordinator";
    entry.node = grant->node;
    entry.more = {
        {"bootstrapToken", join.bootstrap_token().substr(0, join.bootstrap_token().find('.'))},
        {"role", join.certificate_key().empty() ? "worker" : "control-plane"}};
    // It is minted anew when nobody takes it up.
    if (!audit_.granted(entry, now())) return;
    log::info("node {} gets a join grant", grant->node);
    ++counters_.grants_sent;
    send_envelope(grant->node, grant->serial, std::move(payload), grant->expires_at);
  } else if (auto* mint = std::get_if<RequestMint>(&action)) {
    ++counters_.mints_requested;
    v1::CoordinatorMessage message;
    v1::Mint& request = *message.mutable_mint();
    request.set_request(mint->request);
    request.set_node_id(mint->node);
    request.set_node_name(mint->node_name);
    request.set_ttl_seconds(static_cast<std::uint32_t>(mint->ttl.count()));
    request.set_control_plane(mint->control_plane);
    if (mint->control_plane) {
      v1::EnvelopePayload payload;
      payload.mutable_upload()->set_node_id(mint->node);
      auto envelope =
          seal(mint->minter, mint->serial, std::move(payload), system_clock::now() + mint->ttl);
      if (!envelope) return log::error("{}", envelope.error().message());
      *request.mutable_upload_order() = std::move(*envelope);
    }
    send(mint->minter, std::move(message));
  } else if (auto* revoke = std::get_if<RevokeToken>(&action)) {
    v1::CoordinatorMessage message;
    message.mutable_revoke_token()->set_token_id(revoke->token_id);
    send(revoke->minter, std::move(message));
  } else if (auto* drain = std::get_if<RequestDrain>(&action)) {
    v1::CoordinatorMessage message;
    v1::Drain& request = *message.mutable_drain();
    request.set_request(drain->request);
    request.set_node_name(drain->node_name);
    request.set_limit_seconds(static_cast<std::uint32_t>(drain->limit.count()));
    request.set_force(drain->force);
    log::info("node {} is asked to drain {}", drain->worker, drain->node_name);
    send(drain->worker, std::move(message));
  } else if (auto* unregister = std::get_if<RequestUnregister>(&action)) {
    v1::CoordinatorMessage message;
    v1::Unregister& request = *message.mutable_unregister();
    request.set_request(unregister->request);
    request.set_node_name(unregister->node_name);
    if (unregister->serial != 0) {
      v1::EnvelopePayload payload;
      payload.mutable_etcd_member()->set_node_name(unregister->node_name);
      payload.mutable_etcd_member()->set_address(unregister->address);
      auto envelope =
          seal(unregister->worker, unregister->serial, std::move(payload), order_expires);
      if (!envelope) return log::error("{}", envelope.error().message());
      *request.mutable_etcd_member_order() = std::move(*envelope);
    }
    log::info("node {} is asked to delete the Node {}", unregister->worker, unregister->node_name);
    send(unregister->worker, std::move(message));
  } else if (auto* made = std::get_if<ControlPlaneMade>(&action)) {
    AuditEntry entry("role", Caller());
    entry.actor = "coordinator";
    entry.node = made->node;
    entry.more = {{"role", "control-plane"}};
    // It is on disk, and the node's for life.
    if (auto written = audit_.granted(entry, now()); !written)
      log::warning("{}", written.error().message());
  } else if (auto* disconnect = std::get_if<Disconnect>(&action)) {
    const auto found = sessions_.find(disconnect->node);
    if (found == sessions_.end()) return;
    const auto peer = std::move(found->second.peer);
    sessions_.erase(found);
    duplicates_.gone(disconnect->node);
    if (registry_.removed(disconnect->node) != nullptr)
      return peer->close(Error(Errc::permission_denied, "this node was removed"));
    if (disconnect->unbound)
      return peer->close(Error(Errc::unauthenticated, "this node was unbound from its key"));
    log::warning("nothing is heard of node {}", disconnect->node);
    peer->close(Error(Errc::deadline_exceeded, "no heartbeat for too long"));
  }
}

}  // namespace kagent::coordinator
