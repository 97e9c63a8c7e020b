#include "agent/common/base/version.hpp"
#include "tests/integration/coordinator/fake_node.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>

using namespace kagent;
using namespace kagent::coordinator;

namespace {

constexpr int of_tomorrow = 1000;  // a field number that no message has

v1::AgentMessage hello(unsigned protocol, const std::string& name) {
  v1::AgentMessage message;
  message.mutable_hello()->set_protocol(protocol);
  message.mutable_hello()->mutable_report()->mutable_facts()->set_node_name(name);
  return message;
}

void add_unknown(google::protobuf::Message& message) {
  message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(of_tomorrow, "new");
}

}  // namespace

TEST_CASE("F20: an agent of the next version becomes a node") {
  const RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  node.open_silently();
  auto first = hello(protocol_version + 1, "i-1");
  add_unknown(*first.mutable_hello());
  add_unknown(*first.mutable_hello()->mutable_report());
  node.send(std::move(first));
  const auto welcome = node.next(v1::CoordinatorMessage::kWelcome);
  REQUIRE(welcome);
  CHECK(welcome->welcome().protocol() == protocol_version);
  REQUIRE(node.next_envelope());
  v1::AgentMessage unheard;  // of a kind that this coordinator does not know
  add_unknown(unheard);
  node.send(std::move(unheard));
  v1::AgentMessage heartbeat;
  heartbeat.mutable_heartbeat()->set_sequence(7);
  node.send(std::move(heartbeat));
  const auto reply = node.next(v1::CoordinatorMessage::kHeartbeatReply);
  REQUIRE(reply);
  CHECK(reply->heartbeat_reply().sequence() == 7);
}

TEST_CASE("F20: an agent of the version before becomes a node") {
  const RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  node.open_silently();
  node.send(hello(protocol_version - 1, "i-1"));
  REQUIRE(node.next_envelope());
}

TEST_CASE("F20: an agent two versions apart is refused, and told why") {
  const RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  node.open_silently();
  node.send(hello(protocol_version + 2, "i-1"));
  CHECK_FALSE(node.next(v1::CoordinatorMessage::kWelcome));
  const auto status = node.close();
  CHECK(status.error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK(status.error_message().find("update the older one") != std::string::npos);
}
