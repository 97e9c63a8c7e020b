#include "agent/noded/vault/contents.hpp"

#include "agent/common/trust/pki.hpp"
#include "kagent/v1/envelope.pb.h"

#include <catch2/catch_test_macros.hpp>

namespace kagent::noded {
namespace {

std::string a_ca() {
  const auto key = pki::generate_key().value();
  return pki::to_pem(pki::make_ca(key, "c-1").value()).value();
}

v1::EnvelopePayload a_grant() {
  v1::EnvelopePayload payload;
  v1::JoinGrant& grant = *payload.mutable_join_grant();
  grant.set_api_server("10.0.0.1:6443");
  grant.set_ca_certificates(a_ca());
  grant.set_bootstrap_token("abcdef.0123456789abcdef");
  return payload;
}

}  // namespace

TEST_CASE("A grant as a coordinator makes it is taken") {
  auto payload = a_grant();
  CHECK(check_contents(payload));
  payload.mutable_join_grant()->set_certificate_key(std::string(64, '0'));
  CHECK(check_contents(payload));
}

TEST_CASE("A signed grant that carries a command for kubectl is refused, and says where") {
  auto payload = a_grant();
  SECTION("in the API server") {
    payload.mutable_join_grant()->set_api_server(
        "10.0.0.1:6443\"\r\nusers: [{user: {exec: {command: sh}}}]\n---");
    CHECK(check_contents(payload).error().message().starts_with("join_grant.api_server: "));
  }
  SECTION("in the CA certificates") {
    payload.mutable_join_grant()->set_ca_certificates("\r\nusers: [{user: {exec: {}}}]");
    CHECK(check_contents(payload).error().message().starts_with("join_grant.ca_certificates: "));
  }
  SECTION("in the token, which the message does not show") {
    payload.mutable_join_grant()->set_bootstrap_token("abcdef.0123456789abcde\n");
    const auto error = check_contents(payload).error();
    CHECK(error.message().starts_with("join_grant.bootstrap_token: "));
    CHECK(error.message().find("0123") == std::string::npos);
  }
  SECTION("in the certificate key") {
    payload.mutable_join_grant()->set_certificate_key("$(id)");
    CHECK_FALSE(check_contents(payload));
  }
}

TEST_CASE("Orders about other nodes name them in the shape of a name") {
  v1::EnvelopePayload payload;
  payload.mutable_etcd_member()->set_node_name("node2");
  CHECK(check_contents(payload));
  payload.mutable_etcd_member()->set_address("10.0.0.2 --force");
  CHECK_FALSE(check_contents(payload));
  payload.mutable_etcd_member()->set_node_name("--help");
  CHECK_FALSE(check_contents(payload));
  payload.mutable_upload()->set_node_id("../../etc");
  CHECK_FALSE(check_contents(payload));
  payload.mutable_kubeconfig()->set_user("joe\nCN=system:masters");
  CHECK_FALSE(check_contents(payload));
  payload.mutable_assignment()->add_api_servers("10.0.0.1:6443\n  server evil 6.6.6.6:1");
  CHECK_FALSE(check_contents(payload));
}

}  // namespace kagent::noded
