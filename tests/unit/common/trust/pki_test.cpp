#include "agent/common/trust/pki.hpp"

#include "tests/support/result.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <chrono>

using namespace std::chrono_literals;
namespace pki = kagent::pki;
using Clock = std::chrono::system_clock;

namespace {

struct Authority {
  pki::Key key = *pki::generate_key();
  pki::Certificate certificate = *pki::make_ca(key, "cluster");
};

pki::Certificate issue(const Authority& ca, pki::Use use, std::chrono::seconds lifetime = 1h) {
  pki::IssueRequest request;
  request.subject = {"kagent:node", "node-1"};
  request.use = use;
  request.lifetime = lifetime;
  return *pki::issue(request, *pki::generate_key(), ca.certificate, ca.key);
}

}  // namespace

TEST_CASE("an issued certificate verifies for its use, under its CA, in its time only") {
  const Authority ca;
  const Authority other;
  const auto node = issue(ca, pki::Use::client);
  CHECK(pki::verify(node, ca.certificate, pki::Use::client, Clock::now()));
  CHECK(!pki::verify(node, ca.certificate, pki::Use::server, Clock::now()));
  CHECK(!pki::verify(node, ca.certificate, pki::Use::envelope_signing, Clock::now()));
  CHECK(!pki::verify(node, other.certificate, pki::Use::client, Clock::now()));
  CHECK(!pki::verify(node, ca.certificate, pki::Use::client, Clock::now() + 2h));
  CHECK(!pki::verify(node, node, pki::Use::client, Clock::now()));
}

TEST_CASE("subject and validity come back as they went in") {
  const Authority ca;
  const auto node = issue(ca, pki::Use::client);
  const auto subject = pki::subject_of(node);
  REQUIRE(subject);
  CHECK(subject->organization == "kagent:node");
  CHECK(subject->common_name == "node-1");
  const auto validity = pki::validity_of(node);
  REQUIRE(validity);
  CHECK(validity->not_after > Clock::now() + 59min);
  CHECK(validity->not_before < Clock::now() - 4min);
}

TEST_CASE("keys and certificates survive PEM and DER") {
  const Authority ca;
  const auto key = pki::key_from_pem(*pki::key_to_pem(ca.key));
  REQUIRE(key);
  CHECK(*pki::spki_sha256(*key) == *pki::spki_sha256(ca.certificate));
  const auto der = pki::certificate_from_der(*pki::to_der(ca.certificate));
  REQUIRE(der);
  CHECK(*pki::spki_sha256(*der) == *pki::spki_sha256(ca.certificate));
  CHECK(!pki::certificate_from_pem("nonsense"));
  CHECK(!pki::certificates_from_pem(""));
}

TEST_CASE("a certificate request proves that its sender holds the key") {
  const auto key = *pki::generate_key();
  auto der = *pki::make_csr(key, "node-1");
  const auto csr = pki::parse_csr(der);
  REQUIRE(csr);
  CHECK(csr->common_name == "node-1");
  CHECK(*pki::spki_sha256(csr->public_key) == *pki::spki_sha256(key));
  der[der.size() - 5] = static_cast<char>(der[der.size() - 5] ^ 1);
  CHECK(!pki::parse_csr(der));
}

TEST_CASE("T17 Of a request with another key than P-256 the signature is not even looked at") {
  const auto request = [](EVP_PKEY* raw) {
    const pki::Key key(raw, pki::FreeKey{});
    std::string der = *pki::make_csr(key, "node-1");
    der.back() = static_cast<char>(der.back() ^ 1);
    return der;
  };
  for (EVP_PKEY* key : {EVP_RSA_gen(2048), EVP_EC_gen("P-384"), EVP_EC_gen("secp256k1")}) {
    const auto csr = pki::parse_csr(request(key));
    REQUIRE_FALSE(csr);
    CHECK(csr.error().code() == kagent::Errc::invalid_argument);
    CHECK(csr.error().message().find("P-256") != std::string::npos);
  }
  CHECK(pki::parse_csr(request(EVP_EC_gen("P-256"))).error().code() ==
        kagent::Errc::permission_denied);
}

TEST_CASE("digests and secrets") {
  CHECK(pki::sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(pki::equal_secret("abc", "abc"));
  CHECK(!pki::equal_secret("abc", "abd"));
  CHECK(!pki::equal_secret("abc", "abcd"));
  CHECK(pki::random_hex(16).size() == 32);
  CHECK(pki::random_hex(16) != pki::random_hex(16));
}
