#pragma once

#include "agent/common/base/error.hpp"

#include <chrono>
#include <stop_token>
#include <string>

namespace kagent {

struct PinnedCa {
  std::string pem;         // the current CA: the only root to trust
  std::string bundle_pem;  // the chain from the pinned CA to it: ca_succession.hpp
};

// Does a TLS handshake with host:port, in which this node sends no data, and takes from the peer's
// chain the CA whose SPKI hash is `ca_sha256` (64 hexadecimal digits), or the CA that succeeded it.
// Blocks for at most `timeout`; call it from a worker thread or before the loop starts. Errors:
// unavailable (no answer, or the connection was cut), deadline_exceeded, permission_denied (no
// certificate has that hash: a false coordinator, or wrong user-data; the message names both
// hashes), cancelled (`stop` was requested).
Result<PinnedCa> fetch_pinned_ca(const std::string& host, std::uint16_t port,
                                 const std::string& ca_sha256, std::chrono::milliseconds timeout,
                                 const std::stop_token& stop = {});

}  // namespace kagent
