#pragma once

#include "agent/common/base/error.hpp"
#include "kagent/v1/config.pb.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace kagent::config {

// kagent://HOST:PORT/sha256:HEX[?token=TOKEN]
struct CoordinatorUrl {
  std::string host;  // DNS name, IPv4, or IPv6 without brackets
  std::uint16_t port = 7443;
  std::string ca_sha256;  // 64 lower-case hexadecimal digits
  std::string token;      // empty if none; secret
};

Result<CoordinatorUrl> parse_coordinator_url(std::string_view url);
// "host:port", with brackets around IPv6
std::string host_port(const CoordinatorUrl& url);

// Reads user-data: the one-line URL, a NodeConfig in YAML, or a MIME multi-part with a part
// application/vnd.kagent.node+yaml (or text/x-kagent-url). Each may be gzip'ed or in base64. The
// content decides which it is. At most 16 KiB, or 256 KiB unpacked. Fills in defaults and checks
// every field. Errors: invalid_argument "SOURCE:LINE:COLUMN: FIELD: what was expected"; not_found
// if the user-data has no part for kagent: kagentd then stays idle.
Result<v1::NodeConfig> parse_user_data(std::string_view bytes, std::string_view source);

}  // namespace kagent::config
