#include "tests/integration/coordinator/fake_node.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>

using namespace kagent;
using namespace kagent::coordinator;

TEST_CASE("A node with the enrolment token gets a certificate, and renews it without") {
  const RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  const auto certificate = pki::certificate_from_pem(node.certificate());
  REQUIRE(certificate);
  CHECK(pki::subject_of(*certificate)->organization == pki::node_organization);
  CHECK(pki::subject_of(*certificate)->common_name == "i-1");
  const std::string first = node.certificate();
  REQUIRE(node.enrol("").ok());
  CHECK(node.certificate() != first);
}

TEST_CASE("A wrong token is refused with what to do") {
  const RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  const grpc::Status wrong = node.enrol("not-the-token-at-all");
  CHECK(wrong.error_code() == grpc::StatusCode::UNAUTHENTICATED);
  CHECK(wrong.error_message().find("kagentctl user-data") != std::string::npos);
  CHECK(node.enrol("").error_code() == grpc::StatusCode::UNAUTHENTICATED);
  CHECK(node.certificate().empty());
}

TEST_CASE("Another key for a node id that is taken is refused") {
  const RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  FakeNode thief(coordinator, "i-1");
  CHECK(thief.enrol(coordinator.token()).error_code() == grpc::StatusCode::ALREADY_EXISTS);
  CHECK(node.enrol(coordinator.token()).ok());  // the owner is not hindered
}

TEST_CASE("A node id with anything odd in it is refused") {
  const RunningCoordinator coordinator;
  for (const char* id : {"../etc", "a b", "a\nb"}) {
    FakeNode node(coordinator, id);
    CHECK(node.enrol(coordinator.token()).error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  }
}

TEST_CASE("A session without a node's certificate is refused") {
  const RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  node.open();
  CHECK_FALSE(node.next(v1::CoordinatorMessage::kWelcome));
  CHECK(node.close().error_code() == grpc::StatusCode::UNAUTHENTICATED);
}

TEST_CASE("A stopped coordinator knows everybody when it starts again") {
  RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  const std::string user_data = coordinator.user_data(true);
  const std::string hash = coordinator.ca_sha256();
  coordinator.stop();
  coordinator.start();
  CHECK(coordinator.ca_sha256() == hash);
  CHECK(user_data.substr(user_data.find("sha256:")) ==
        coordinator.user_data(true).substr(coordinator.user_data(true).find("sha256:")));
  CHECK(node.enrol("").ok());  // by its certificate
  FakeNode thief(coordinator, "i-1");
  CHECK(thief.enrol(coordinator.token()).error_code() == grpc::StatusCode::ALREADY_EXISTS);
}
