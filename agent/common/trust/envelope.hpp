#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/trust/pki.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::v1 {
class EnvelopePayload;
class SignedEnvelope;
}  // namespace kagent::v1

namespace kagent {

struct EnvelopeSigner {
  pki::Key key;
  pki::Certificate certificate;       // O = pki::signer_organization, issued by the CA in force
  std::vector<pki::Certificate> cas;  // that CA, and what leads to it: ca_succession.hpp
};

Result<v1::SignedEnvelope> sign_envelope(const v1::EnvelopePayload& payload,
                                         const EnvelopeSigner& signer);

// What the receiver holds against it.
struct EnvelopeExpectation {
  std::string ca_sha256;  // from user-data
  std::string node_id;
  std::string cluster_id;          // empty: not known yet, taken from the first envelope
  std::uint64_t after_serial = 0;  // serials up to this one have been seen
  std::chrono::system_clock::time_point now;
};

// Everything is verified before a field is believed. `serialised` is a v1::SignedEnvelope. Errors:
// permission_denied with a sentence that says which check failed (hash, chain, signature, node,
// cluster, serial, expiry); invalid_argument if it is not an envelope; resource_exhausted over 256
// KiB.
Result<v1::EnvelopePayload> open_envelope(std::string_view serialised,
                                          const EnvelopeExpectation& expected);

}  // namespace kagent
