#pragma once

#include "agent/common/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace kagent::kubernetes {

// Address and credentials of one API server.
struct Access {
  std::string host;  // without brackets
  std::uint16_t port = 443;
  std::string ca_pem;           // the only root that is trusted
  std::string certificate_pem;  // of the user
  std::string key_pem;          // secret
};

// Reads a kubeconfig with one cluster and one user, and with embedded data (no files, no exec).
// Errors: invalid_argument (names the field).
Result<Access> parse_kubeconfig(std::string_view yaml);

}  // namespace kagent::kubernetes
