#include "coordinator/core/envelopes.hpp"

#include "coordinator/core/convert.hpp"

namespace kagent::coordinator {

Result<v1::SignedEnvelope> Envelopes::seal(const std::string& node, std::uint64_t serial,
                                           v1::EnvelopePayload payload,
                                           std::chrono::system_clock::time_point expires_at) const {
  payload.set_format(1);
  payload.set_cluster_id(authority_.cluster_id);
  payload.set_node_id(node);
  payload.set_serial(serial);
  *payload.mutable_issued_at() = to_timestamp(std::chrono::system_clock::now());
  *payload.mutable_expires_at() = to_timestamp(expires_at);
  auto envelope = sign_envelope(payload, authority_.signer);
  if (!envelope) return envelope.error().context("signing for " + node);
  return envelope;
}

}  // namespace kagent::coordinator
