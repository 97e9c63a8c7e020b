#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/trust/pki.hpp"

#include <chrono>
#include <span>
#include <string_view>
#include <vector>

// A coordinator's CA may be replaced without anybody's user-data: before its key goes, the old CA
// vouches for the new one's key in a certificate with the organization `successor_organization`.
namespace kagent {

inline constexpr std::string_view successor_organization = "kagent:ca-successor";

// By the old CA, for the new one's key. Whoever pins the old one accepts the new until it expires.
Result<pki::Certificate> vouch_for_successor(const pki::Certificate& old_ca,
                                             const pki::Key& old_key, const pki::Key& successor,
                                             std::chrono::seconds lifetime);

// The CAs that lead from the pinned one (first) to the one in force (last), out of `certificates`:
// CAs and vouchers in any order. `ca_sha256`: the pin, 64 hexadecimal digits. Errors:
// permission_denied (none of them has the pin; the message names both hashes), resource_exhausted
// (more than 32 certificates).
Result<std::vector<pki::Certificate>> ca_succession(std::span<const pki::Certificate> certificates,
                                                    std::string_view ca_sha256,
                                                    std::chrono::system_clock::time_point now);

}  // namespace kagent
