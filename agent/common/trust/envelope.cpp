#include "agent/common/trust/envelope.hpp"

#include "agent/common/trust/ca_succession.hpp"

#include <google/protobuf/util/time_util.h>

#include "kagent/v1/envelope.pb.h"

namespace kagent {
namespace {

constexpr std::size_t max_bytes = 256 * 1024;
constexpr std::uint32_t current_format = 1;

Error refused(const std::string& why) {
  return {Errc::permission_denied, "envelope refused: " + why};
}

// The signer is the first certificate of the chain.
Result<std::vector<pki::Certificate>> chain_of(const v1::SignedEnvelope& envelope) {
  if (envelope.certificate_chain_size() < 2)
    return refused("its certificate chain is not signer and CA");
  std::vector<pki::Certificate> chain;
  for (const std::string& der : envelope.certificate_chain()) {
    auto certificate = pki::certificate_from_der(der);
    if (!certificate) return certificate.error().context("envelope chain");
    chain.push_back(std::move(*certificate));
  }
  return chain;
}

Result<> check_signer(const std::vector<pki::Certificate>& chain,
                      const EnvelopeExpectation& expected) {
  const pki::Certificate& signer = chain.front();
  const auto cas = ca_succession(std::span(chain).subspan(1), expected.ca_sha256, expected.now);
  if (!cas) return refused(cas.error().message());
  if (auto good = pki::verify(signer, cas->back(), pki::Use::envelope_signing, expected.now); !good)
    return refused(good.error().message());
  auto subject = pki::subject_of(signer);
  if (!subject || subject->organization != pki::signer_organization)
    return refused("its signer may not sign envelopes");
  return {};
}

Result<> check_addressee(const v1::EnvelopePayload& payload, const EnvelopeExpectation& expected) {
  using google::protobuf::util::TimeUtil;
  if (payload.format() != current_format)
    return refused("format " + std::to_string(payload.format()) + " is not known here");
  if (payload.node_id() != expected.node_id)
    return refused("it is for node " + payload.node_id() + ", this is " + expected.node_id);
  if (payload.cluster_id().empty() ||
      (!expected.cluster_id.empty() && payload.cluster_id() != expected.cluster_id))
    return refused("it is of cluster " + payload.cluster_id() + ", not " + expected.cluster_id);
  if (payload.serial() <= expected.after_serial)
    return refused("serial " + std::to_string(payload.serial()) + " was used up, the last is " +
                   std::to_string(expected.after_serial));
  const auto now = std::chrono::system_clock::to_time_t(expected.now);
  if (TimeUtil::TimestampToTimeT(payload.expires_at()) <= now)
    return refused("it expired at " + TimeUtil::ToString(payload.expires_at()) +
                   "; is this node's clock right?");
  return {};
}

}  // namespace

Result<v1::SignedEnvelope> sign_envelope(const v1::EnvelopePayload& payload,
                                         const EnvelopeSigner& signer) {
  v1::SignedEnvelope envelope;
  if (!payload.SerializeToString(envelope.mutable_payload()))
    return Error(Errc::internal, "an envelope's payload cannot be serialised");
  auto signature = pki::sign_sha256(signer.key, envelope.payload());
  if (!signature) return signature.error();
  envelope.set_signature(*signature);
  std::vector<pki::Certificate> chain{signer.certificate};
  chain.insert(chain.end(), signer.cas.begin(), signer.cas.end());
  for (const auto& certificate : chain) {
    auto der = pki::to_der(certificate);
    if (!der) return der.error();
    envelope.add_certificate_chain(*der);
  }
  return envelope;
}

Result<v1::EnvelopePayload> open_envelope(std::string_view serialised,
                                          const EnvelopeExpectation& expected) {
  if (serialised.size() > max_bytes)
    return Error(Errc::resource_exhausted, "an envelope of more than 256 KiB");
  v1::SignedEnvelope envelope;
  if (!envelope.ParseFromArray(serialised.data(), static_cast<int>(serialised.size())))
    return Error(Errc::invalid_argument, "not an envelope");
  auto chain = chain_of(envelope);
  if (!chain) return chain.error();
  if (auto good = check_signer(*chain, expected); !good) return good.error();
  if (!pki::verify_sha256(chain->front(), envelope.payload(), envelope.signature()))
    return refused("its signature does not fit");
  v1::EnvelopePayload payload;
  if (!payload.ParseFromString(envelope.payload()))
    return Error(Errc::invalid_argument, "an envelope's payload cannot be read");
  if (auto good = check_addressee(payload, expected); !good) return good.error();
  return payload;
}

}  // namespace kagent
