#pragma once

#include "agent/noded/systemd/systemd.hpp"
#include "agent/noded/vault/vault.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

// What the coordinator asks of a control plane for others, each time by an order of its own.
namespace kagent::noded {

// As the UploadOrder says: the certificate key, secret. Errors: not_found (no order), those of
// upload_certificates.
boost::asio::awaitable<Result<std::string>> upload_as_ordered(Vault& vault, Systemd systemd);

// As the EtcdMemberOrder says. Errors: not_found (no order), those of remove_etcd_member.
boost::asio::awaitable<Result<>> remove_member_as_ordered(Vault& vault, Systemd systemd);

}  // namespace kagent::noded
