#include "coordinator/ctl/render/kubeconfig.hpp"

#include "agent/common/config/documents.hpp"
#include "agent/common/config/unpack.hpp"
#include "agent/common/trust/pki.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace kagent;
using ctl::render::Kubeconfig;

namespace {

pki::PemCertificates a_certificate() {
  const auto key = pki::generate_key().value();
  return pki::PemCertificates::parse(pki::to_pem(pki::make_ca(key, "c-1").value()).value()).value();
}

nlohmann::json written(const std::string& user, const std::string& cluster) {
  const Kubeconfig parts{cluster,         values::HostPort::parse("10.0.0.1:6443").value(),
                         a_certificate(), user,
                         a_certificate(), "KEY"};
  const auto documents = config::parse_documents(ctl::render::kubeconfig(parts)).value();
  REQUIRE(documents.size() == 1);
  return documents.front();
}

}  // namespace

TEST_CASE("A kubeconfig names its cluster, its user and nothing to run") {
  const auto file = written("ada", "");
  CHECK(file["current-context"] == "ada@kubernetes");
  CHECK(file["clusters"][0]["cluster"]["server"] == "https://10.0.0.1:6443");
  CHECK(config::decode_base64(file["users"][0]["user"]["client-key-data"].get<std::string>())
            .value() == "KEY");
  CHECK(file["contexts"][0]["context"]["user"] == "ada");
}

TEST_CASE("No name can add anything to a kubeconfig") {
  for (const std::string evil :
       {"a\"\n  user:\n    exec: {command: sh}\n", "a\r\n---\nkind: Config", "a: {b", "*a", "!!x",
        "\xe2\x80\xa8- name: b", "true", "~"}) {
    const auto file = written(evil, evil);
    CHECK(file["users"].size() == 1);
    CHECK(file["users"][0]["name"] == evil);
    CHECK(file["users"][0]["user"].size() == 2);
    CHECK(file["clusters"][0]["name"] == evil);
  }
}

TEST_CASE("An API server that is more than HOST:PORT is no value of a kubeconfig") {
  CHECK_FALSE(values::HostPort::parse("10.0.0.1:6443\"\n    exec: {command: sh}"));
  CHECK_FALSE(values::HostPort::parse("10.0.0.1:6443/?x"));
}
