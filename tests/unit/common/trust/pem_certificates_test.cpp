#include "agent/common/trust/pem_certificates.hpp"

#include "agent/common/trust/pki.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent;
using pki::PemCertificates;

namespace {

std::string a_ca() {
  const auto key = pki::generate_key().value();
  return pki::to_pem(pki::make_ca(key, "c-1").value()).value();
}

}  // namespace

TEST_CASE("Of a peer's PEM nothing but the certificates is left") {
  const std::string first = a_ca();
  const std::string second = a_ca();
  const auto read =
      PemCertificates::parse("users:\n- exec: evil\r\n" + first + "---\r\n" + second + "\r\n# end");
  REQUIRE(read.has_value());
  CHECK(read->str() == first + second);
  CHECK(PemCertificates::parse(read->str())->str() == read->str());
}

TEST_CASE("What holds no certificate, or too many or too large ones, is refused") {
  const std::string ca = a_ca();
  CHECK_FALSE(PemCertificates::parse("").has_value());
  CHECK_FALSE(
      PemCertificates::parse("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  CHECK_FALSE(
      PemCertificates::parse(ca + std::string(PemCertificates::most_bytes, '\n')).has_value());
  std::string many;
  for (std::size_t i = 0; i <= PemCertificates::most; ++i) many += ca;
  CHECK_FALSE(PemCertificates::parse(many).has_value());
}
