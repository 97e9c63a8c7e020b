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
  pki::Certificate certificate;       // O = pki::signer_organization, issued by the current CA
  std::vector<pki::Certificate> cas;  // that CA and its predecessors: ca_succession.hpp
};

Result<v1::SignedEnvelope> sign_envelope(const v1::EnvelopePayload& payload,
                                         const EnvelopeSigner& signer);

// What the receiver compares an envelope with.
struct EnvelopeExpectation {
  std::string ca_sha256;  // from user-data
  std::string node_id;
  std::string cluster_id;          // empty until the first envelope sets it
  std::uint64_t after_serial = 0;  // rejects serials up to this one
  std::chrono::system_clock::time_point now;
};

// Verifies everything before it uses a field. `serialised` is a v1::SignedEnvelope. Errors:
// permission_denied with a sentence that names the failed check (hash, chain, signature, node,
// cluster, serial, expiry); invalid_argument if it is not an envelope; resource_exhausted over 256
// KiB.
Result<v1::EnvelopePayload> open_envelope(std::string_view serialised,
                                          const EnvelopeExpectation& expected);

}  // namespace kagent
