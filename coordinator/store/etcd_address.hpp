#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/store/etcd.hpp"

#include <filesystem>
#include <string>

namespace kagent::coordinator {

// As given on the command line.
struct EtcdAddress {
  std::string url;                    // etcd://HOST[:PORT][,HOST[:PORT]...][/PREFIX]
  std::filesystem::path ca;           // of etcd's server certificates
  std::filesystem::path certificate;  // of the client; empty: none
  std::filesystem::path key;
};

// PORT defaults to 2379, PREFIX to kagent. etcd+http:// means without TLS. Reads the files. Errors:
// invalid_argument with what is wrong, not_found, permission_denied.
Result<etcd::Options> parse_etcd_address(const EtcdAddress& address);

}  // namespace kagent::coordinator
