#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/base/paths.hpp"
#include "kagent/v1/admin.pb.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace kagent::ctl {

// Where the coordinator is, and the administrator's certificate.
struct Endpoint {
  // Path of the admin socket, kagent://HOST:PORT/sha256:HEX, or HOST:PORT with a CA file.
  std::string coordinator = paths::admin_socket;
  // PEM files. The socket needs none.
  std::string certificate, key, ca;
};

// The admin API; every call blocks. Errors: unavailable (nobody answers), permission_denied,
// unauthenticated, not_found, failed_precondition, deadline_exceeded.
class Client {
 public:
  virtual ~Client() = default;

  virtual Result<v1::ListNodesResponse> list_nodes() = 0;
  virtual Result<v1::Node> get_node(const std::string& id_or_name) = 0;
  virtual Result<std::vector<std::string>> get_logs(const std::string& node,
                                                    const std::string& step,
                                                    std::uint32_t lines) = 0;
  virtual Result<std::string> user_data(bool with_token) = 0;
  // These return the id of the node.
  virtual Result<std::string> leave_node(const v1::LeaveNodeRequest& request) = 0;
  virtual Result<std::string> retry_node(const std::string& id_or_name) = 0;
  virtual Result<std::string> rejoin_node(const std::string& id_or_name) = 0;
  virtual Result<v1::ListClaimsResponse> list_claims() = 0;
  // `key`: a prefix of the SHA-256 of a key, in hex; empty: any. Returns the key that is now bound.
  virtual Result<std::string> approve_node(const std::string& id, const std::string& key) = 0;
  // `key`: a prefix of the rival's key that takes the place; empty: the next machine that enrols.
  virtual Result<v1::ForgetNodeResponse> forget_node(const std::string& id_or_name,
                                                     const std::string& key) = 0;
  virtual Result<v1::CreateTokenResponse> create_token(const v1::CreateTokenRequest& request) = 0;
  virtual Result<v1::ListCertificatesResponse> list_certificates() = 0;
  virtual Result<v1::ListTokensResponse> list_tokens() = 0;
  virtual Result<> drop_token(const std::string& id) = 0;
  // Takes 140 s at most.
  virtual Result<v1::PlanLeaveResponse> plan_leave(const std::string& id_or_name, bool remove) = 0;
  // `csr`: PKCS#10 DER. `lifetime` 0: the coordinator's default.
  virtual Result<v1::GetKubeconfigResponse> get_kubeconfig(const std::string& csr,
                                                           std::chrono::seconds lifetime) = 0;

  // Calls `on_change` with every message, and with nullptr when `tick` has passed without one. Ends
  // with success when `on_change` returns false, and with an error, most often unavailable, when
  // the stream ends.
  using OnChange = std::function<bool(const v1::WatchNodesResponse*)>;
  virtual Result<> watch_nodes(std::chrono::milliseconds tick, const OnChange& on_change) = 0;
};

// Reads the files and prepares the channel; for a kagent:// URL it also fetches the pinned CA.
// Errors: invalid_argument (not an endpoint, files missing), unavailable, permission_denied.
Result<std::unique_ptr<Client>> connect(const Endpoint& endpoint);

}  // namespace kagent::ctl
