#include "coordinator/core/postman.hpp"

#include "agent/common/base/log.hpp"
#include "coordinator/admission/address.hpp"
#include "coordinator/core/clock.hpp"
#include "coordinator/core/convert.hpp"
#include "kagent/v1/agent.pb.h"

#include <variant>

namespace kagent::coordinator {
namespace {

using std::chrono::system_clock;

// A node that has not taken an order in this time gets a new one after its next Hello.
constexpr std::chrono::hours order_lifetime{24};

AuditEntry own_decision(std::string_view event, const std::string& node) {
  AuditEntry entry(event, Caller());
  entry.actor = "coordinator";
  entry.node = node;
  return entry;
}

}  // namespace

void Postman::act() {
  Actions actions = registry_.take_actions();
  for (Write& write : actions.writes) commit_.write(std::move(write));
  for (Send& send : actions.sends)
    commit_.after([this, send = std::move(send)]() mutable {
      std::visit([this](auto& each) { deliver(each); }, send);
    });
}

bool Postman::seal(v1::SignedEnvelope& into, const std::string& node, std::uint64_t serial,
                   v1::EnvelopePayload payload, system_clock::time_point expires_at) const {
  auto envelope = envelopes_.seal(node, serial, std::move(payload), expires_at);
  if (!envelope) {
    log::error("{}", envelope.error().message());
    return false;
  }
  into = std::move(*envelope);
  return true;
}

void Postman::send_envelope(const std::string& node, std::uint64_t serial,
                            v1::EnvelopePayload payload, system_clock::time_point expires_at) {
  v1::CoordinatorMessage message;
  if (!seal(*message.mutable_envelope(), node, serial, std::move(payload), expires_at)) return;
  sessions_.send(node, std::move(message));
}

void Postman::deliver(SendAssignment& assignment) {
  v1::EnvelopePayload payload;
  v1::Assignment& order = *payload.mutable_assignment();
  order.set_role(std::string(to_string(assignment.role)));
  order.set_init(assignment.init);
  order.set_lease_fence(assignment.lease_fence);
  *order.mutable_cluster_config() = config_;
  for (const std::string& address : assignment.api_servers)
    order.add_api_servers(host_port(address, api_server_port));
  log::info("node {} is a {}{}", assignment.node, to_string(assignment.role),
            assignment.init ? " and initialises the cluster" : "");
  send_envelope(assignment.node, assignment.serial, std::move(payload),
                system_clock::now() + order_lifetime);
}

void Postman::deliver(SendReset& reset) {
  v1::EnvelopePayload payload;
  payload.mutable_reset()->set_lease_fence(reset.lease_fence);
  payload.mutable_reset()->set_reason(reset.reason);
  log::warning("node {} must reset: {}", reset.node, reset.reason);
  send_envelope(reset.node, reset.serial, std::move(payload), system_clock::now() + order_lifetime);
}

void Postman::deliver(SendGrant& grant) {
  v1::EnvelopePayload payload;
  v1::JoinGrant& join = *payload.mutable_join_grant();
  join.set_api_server(registry_.cluster().api_server);
  join.set_ca_certificates(registry_.cluster().ca_certificates);
  join.set_bootstrap_token(std::move(grant.bootstrap_token));
  join.set_certificate_key(std::move(grant.certificate_key));
  *join.mutable_token_expires_at() = to_timestamp(grant.expires_at);
  AuditEntry entry = own_decision("join-grant", grant.node);
  entry.more = {
      {"bootstrapToken", join.bootstrap_token().substr(0, join.bootstrap_token().find('.'))},
      {"role", join.certificate_key().empty() ? "worker" : "control-plane"}};
  // The registry has another token minted when the node does not take this one up.
  if (!audit_.granted(entry, now())) return;
  log::info("node {} gets a join grant", grant.node);
  ++grants_sent_;
  send_envelope(grant.node, grant.serial, std::move(payload), grant.expires_at);
}

void Postman::deliver(RequestMint& mint) {
  ++mints_requested_;
  v1::CoordinatorMessage message;
  v1::Mint& request = *message.mutable_mint();
  request.set_request(mint.request);
  request.set_node_id(mint.node);
  request.set_node_name(mint.node_name);
  request.set_ttl_seconds(static_cast<std::uint32_t>(mint.ttl.count()));
  request.set_control_plane(mint.control_plane);
  if (mint.control_plane) {
    v1::EnvelopePayload payload;
    payload.mutable_upload()->set_node_id(mint.node);
    if (!seal(*request.mutable_upload_order(), mint.minter, mint.serial, std::move(payload),
              system_clock::now() + mint.ttl))
      return;
  }
  sessions_.send(mint.minter, std::move(message));
}

void Postman::deliver(RevokeToken& revoke) {
  v1::CoordinatorMessage message;
  message.mutable_revoke_token()->set_token_id(revoke.token_id);
  sessions_.send(revoke.minter, std::move(message));
}

void Postman::deliver(RequestDrain& drain) {
  v1::CoordinatorMessage message;
  v1::Drain& request = *message.mutable_drain();
  request.set_request(drain.request);
  request.set_node_name(drain.node_name);
  request.set_limit_seconds(static_cast<std::uint32_t>(drain.limit.count()));
  request.set_force(drain.force);
  log::info("node {} is asked to drain {}", drain.worker, drain.node_name);
  sessions_.send(drain.worker, std::move(message));
}

void Postman::deliver(RequestUnregister& unregister) {
  v1::CoordinatorMessage message;
  v1::Unregister& request = *message.mutable_unregister();
  request.set_request(unregister.request);
  request.set_node_name(unregister.node_name);
  if (unregister.serial != 0) {
    v1::EnvelopePayload payload;
    payload.mutable_etcd_member()->set_node_name(unregister.node_name);
    payload.mutable_etcd_member()->set_address(unregister.address);
    if (!seal(*request.mutable_etcd_member_order(), unregister.worker, unregister.serial,
              std::move(payload), system_clock::now() + order_lifetime))
      return;
  }
  log::info("node {} is asked to delete the Node {}", unregister.worker, unregister.node_name);
  sessions_.send(unregister.worker, std::move(message));
}

void Postman::deliver(ControlPlaneMade& made) {
  AuditEntry entry = own_decision("role", made.node);
  entry.more = {{"role", "control-plane"}};
  // The role is on disk already, so a failure to audit it cannot undo it.
  if (auto written = audit_.granted(entry, now()); !written)
    log::warning("{}", written.error().message());
}

void Postman::deliver(Disconnect& disconnect) {
  const auto peer = sessions_.take(disconnect.node);
  if (!peer) return;
  conflicts_.gone(disconnect.node);
  if (registry_.removed(disconnect.node) != nullptr)
    return peer->close(Error(Errc::permission_denied, "this node was removed"));
  if (disconnect.unbound)
    return peer->close(Error(Errc::unauthenticated, "this node was unbound from its key"));
  log::warning("node {} has sent nothing for too long", disconnect.node);
  peer->close(Error(Errc::deadline_exceeded, "no heartbeat for too long"));
}

void Postman::deliver(Changed& changed) {
  watchers_.changed(changed.node);
}

}  // namespace kagent::coordinator
