#pragma once

#include "agent/kagentd/kubernetes/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace kagent::kubernetes {

struct Minted {
  std::string token_id;  // the public half
  std::string token;     // id.secret; secret
  std::chrono::system_clock::time_point expires_at;
};

struct TokenFor {
  std::string node_id, node_name;
  bool control_plane = false;
};
// The Secret of a bootstrap token for one node, as JSON. The token may authenticate but not sign,
// since its holder could then forge cluster-info for others. Its groups name the node; those of a
// control plane's token may also read the cluster's certificates.
std::string token_secret(const std::string& id, const std::string& secret, const TokenFor& node,
                         std::chrono::system_clock::time_point expires_at);

// Errors: invalid_argument (not the name of a Node), those of Client.
boost::asio::awaitable<Result<Minted>> mint_token(std::shared_ptr<Client> client, TokenFor node,
                                                  std::chrono::seconds ttl);

// Idempotent.
boost::asio::awaitable<Result<>> revoke_token(std::shared_ptr<Client> client, std::string token_id);

}  // namespace kagent::kubernetes
