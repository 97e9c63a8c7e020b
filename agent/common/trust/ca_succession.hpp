#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/trust/pki.hpp"

#include <chrono>
#include <span>
#include <string_view>
#include <vector>

// A coordinator's CA can be replaced without new user-data: the old CA vouches for the new CA's key
// in a certificate with the organization `successor_organization`.
namespace kagent {

inline constexpr std::string_view successor_organization = "kagent:ca-successor";

// Issued by the old CA for the new CA's key. A peer that pins the old CA accepts the new one until
// this certificate expires.
Result<pki::Certificate> vouch_for_successor(const pki::Certificate& old_ca,
                                             const pki::Key& old_key, const pki::Key& successor,
                                             std::chrono::seconds lifetime);

// The CAs from the pinned one (first) to the current one (last). `certificates` holds CAs and
// vouchers in any order; `ca_sha256` is the pin, 64 hexadecimal digits. Errors: permission_denied
// (no certificate has the pinned hash; the message names both hashes), resource_exhausted (more
// than 32 certificates).
Result<std::vector<pki::Certificate>> ca_succession(std::span<const pki::Certificate> certificates,
                                                    std::string_view ca_sha256,
                                                    std::chrono::system_clock::time_point now);

}  // namespace kagent
