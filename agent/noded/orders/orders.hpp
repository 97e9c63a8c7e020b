#pragma once

#include "agent/noded/systemd/systemd.hpp"
#include "agent/noded/vault/vault.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

// What the coordinator orders a control plane to do for other nodes. Each call takes one order.
namespace kagent::noded {

// Carries out the UploadOrder and returns the certificate key, a secret. Errors: not_found (no
// order), those of upload_certificates.
boost::asio::awaitable<Result<std::string>> upload_as_ordered(Vault& vault, Systemd systemd);

// Carries out the EtcdMemberOrder. Errors: not_found (no order), those of remove_etcd_member.
boost::asio::awaitable<Result<>> remove_member_as_ordered(Vault& vault, Systemd systemd);

}  // namespace kagent::noded
