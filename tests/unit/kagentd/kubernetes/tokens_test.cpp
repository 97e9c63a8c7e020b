#include "agent/kagentd/kubernetes/tokens.hpp"

#include "agent/kagentd/kubernetes/certificate_requests.hpp"

#include "tests/support/result.hpp"

#include <nlohmann/json.hpp>

using namespace kagent;
using namespace kagent::kubernetes;

TEST_CASE("kubeadm join understands the Secret of a token, which cannot sign") {
  const std::chrono::system_clock::time_point expires{std::chrono::seconds{1'700'000'000}};
  const auto secret = nlohmann::json::parse(
      token_secret("abc123", "0123456789abcdef", {"i-1", "node-\"1\"", false}, expires));
  CHECK(secret["apiVersion"] == "v1");
  CHECK(secret["kind"] == "Secret");
  CHECK(secret["type"] == "bootstrap.kubernetes.io/token");
  CHECK(secret["metadata"]["name"] == "bootstrap-token-abc123");
  CHECK(secret["metadata"]["namespace"] == "kube-system");
  const auto& data = secret["stringData"];
  CHECK(data["token-id"] == "abc123");
  CHECK(data["token-secret"] == "0123456789abcdef");
  CHECK(data["expiration"] == "2023-11-14T22:13:20Z");
  CHECK(data["usage-bootstrap-authentication"] == "true");
  // Not kubeadm's group: kube-controller-manager approves its requests for any name.
  CHECK(data["auth-extra-groups"] == "system:bootstrappers:kagent," + group_of_node("node-\"1\""));
  CHECK(data["description"] == "kagent: node-\"1\" (i-1)");
  CHECK_FALSE(data.contains("usage-bootstrap-signing"));
  CHECK(data.size() == 6);
}

TEST_CASE("T8 Only a control plane's token opens the cluster's certificates") {
  const auto groups_of = [](bool control_plane) {
    const auto secret = nlohmann::json::parse(
        token_secret("abc123", "0123456789abcdef", {"i-1", "node-1", control_plane}, {}));
    return secret["stringData"]["auth-extra-groups"].get<std::string>();
  };
  CHECK(groups_of(true).find(control_plane_group) != std::string::npos);
  CHECK(groups_of(false).find(control_plane_group) == std::string::npos);
}
