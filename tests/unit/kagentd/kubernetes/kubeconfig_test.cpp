#include "agent/kagentd/kubernetes/kubeconfig.hpp"

#include "agent/common/config/unpack.hpp"
#include "tests/support/result.hpp"

#include <initializer_list>

using namespace kagent;
using namespace kagent::kubernetes;

namespace {

std::string with_server(const std::string& server) {
  return "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n    server: " + server +
         "\n    certificate-authority-data: " + config::encode_base64("CA") +
         "\nusers:\n- name: u\n  user:\n    client-certificate-data: " +
         config::encode_base64("CERTIFICATE") +
         "\n    client-key-data: " + config::encode_base64("KEY") + "\n";
}

// The kubeconfig without the line of `field`, or with another value in it.
std::string changed(const std::string& field, const std::string& value) {
  std::string text = with_server("https://api.example:6443");
  const auto from = text.find(field + ": ");
  REQUIRE(from != std::string::npos);
  const auto end = text.find('\n', from);
  return text.replace(from, end - from, value.empty() ? "other: x" : field + ": " + value);
}

}  // namespace

TEST_CASE("a kubeconfig with embedded data gives address and credentials") {
  const auto access = parse_kubeconfig(with_server("https://api.example:6443"));
  REQUIRE(access);
  CHECK(access->host == "api.example");
  CHECK(access->port == 6443);
  CHECK(access->ca_pem == "CA");
  CHECK(access->certificate_pem == "CERTIFICATE");
  CHECK(access->key_pem == "KEY");
}

TEST_CASE("a server may be an IP address, and may have no port") {
  const auto v6 = parse_kubeconfig(with_server("'https://[fd00::1]:6443'"));
  REQUIRE(v6);
  CHECK(v6->host == "fd00::1");
  CHECK(v6->port == 6443);
  const auto plain = parse_kubeconfig(with_server("'https://[fd00::1]'"));
  REQUIRE(plain);
  CHECK(plain->host == "fd00::1");
  CHECK(plain->port == 443);
}

TEST_CASE("the error names a field that is missing or not base64") {
  for (const char* field :
       {"server", "certificate-authority-data", "client-certificate-data", "client-key-data"}) {
    const auto access = parse_kubeconfig(changed(field, ""));
    REQUIRE_FALSE(access);
    CHECK(access.error().code() == Errc::invalid_argument);
    CHECK(access.error().message().find(field) != std::string::npos);
  }
  for (const char* field :
       {"certificate-authority-data", "client-certificate-data", "client-key-data"}) {
    const auto access = parse_kubeconfig(changed(field, "'!not base64!'"));
    REQUIRE_FALSE(access);
    CHECK(access.error().code() == Errc::invalid_argument);
    CHECK(access.error().message().find(field) != std::string::npos);
  }
}

TEST_CASE("a document that is not a kubeconfig is an error") {
  for (const char* text : {"", "text", "[]", "clusters: []", "clusters: [{}]\nusers: []", "a: [",
                           "clusters: [{}]\nusers: [{}]"}) {
    const auto access = parse_kubeconfig(text);
    REQUIRE_FALSE(access);
    CHECK(access.error().code() == Errc::invalid_argument);
  }
  for (const char* server : {"http://a:1", "https://a:99999", "https://a:x", "https://:6443"})
    CHECK_FALSE(parse_kubeconfig(with_server(server)));
}
