#include "agent/kagentd/kubernetes/tokens.hpp"

#include "agent/common/base/names.hpp"
#include "agent/common/trust/pki.hpp"
#include "agent/kagentd/kubernetes/certificate_requests.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <ctime>

namespace kagent::kubernetes {
namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr char secrets_path[] = "/api/v1/namespaces/kube-system/secrets";
constexpr int ids_tried = 5;

std::string rfc3339(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

}  // namespace

std::string token_secret(const std::string& id, const std::string& secret, const TokenFor& node,
                         std::chrono::system_clock::time_point expires_at) {
  json object{{"apiVersion", "v1"}, {"kind", "Secret"}, {"type", "bootstrap.kubernetes.io/token"}};
  object["metadata"]["name"] = "bootstrap-token-" + id;
  object["metadata"]["namespace"] = "kube-system";
  json& data = object["stringData"];
  data["token-id"] = id;
  data["token-secret"] = secret;
  data["expiration"] = rfc3339(expires_at);
  data["usage-bootstrap-authentication"] = "true";
  std::string groups = std::string(bootstrap_group) + "," + group_of_node(node.node_name);
  if (node.control_plane) groups += std::string(",") + control_plane_group;
  data["auth-extra-groups"] = std::move(groups);
  data["description"] = "kagent: " + node.node_name + " (" + node.node_id + ")";
  return object.dump();
}

asio::awaitable<Result<Minted>> mint_token(std::shared_ptr<Client> client, TokenFor node,
                                           std::chrono::seconds ttl) {
  if (!is_node_name(node.node_name))
    co_return Error(Errc::invalid_argument, "its hostname is not a valid Node name (RFC 1123)");
  Result<Minted> last = Error(Errc::already_exists, "no free token id was found");
  for (int tries = 0; tries < ids_tried; ++tries) {
    Minted minted;
    minted.token_id = pki::random_hex(3);
    const std::string secret = pki::random_hex(8);
    minted.token = minted.token_id + "." + secret;
    minted.expires_at = std::chrono::system_clock::now() + ttl;
    std::string body = token_secret(minted.token_id, secret, node, minted.expires_at);
    auto response = co_await client->request("POST", secrets_path, std::move(body));
    if (!response) co_return response.error();
    if (response->ok()) co_return minted;
    last = response->error();
    if (last.error().code() != Errc::already_exists) break;
  }
  co_return last;
}

asio::awaitable<Result<>> revoke_token(std::shared_ptr<Client> client, std::string token_id) {
  std::string target = std::string(secrets_path) + "/bootstrap-token-" + path_part(token_id);
  auto response = co_await client->request("DELETE", std::move(target), std::string());
  if (!response) co_return response.error();
  if (response->ok() || response->status == 404) co_return Result<>{};
  co_return response->error();
}

}  // namespace kagent::kubernetes
