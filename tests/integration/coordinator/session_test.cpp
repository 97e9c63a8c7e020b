#include "tests/integration/coordinator/fake_node.hpp"

#include "agent/common/base/file.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <string>

using namespace kagent;
using namespace kagent::coordinator;

namespace {

constexpr char token[] = "abcdef.0123456789abcdef";

void enrol(FakeNode& node, const RunningCoordinator& coordinator) {
  REQUIRE(node.enrol(coordinator.token()).ok());
}

// The client sees the end of its session before the coordinator has taken note of it.
bool comes_to_sessions(const RunningCoordinator& coordinator, int count) {
  const std::string line = "\nkagent_sessions " + std::to_string(count) + "\n";
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline)
    if (coordinator.get("/metrics").body.find(line) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("A session begins with Welcome and a signed Assignment") {
  const RunningCoordinator coordinator;
  FakeNode first(coordinator, "i-1");
  FakeNode second(coordinator, "i-2");
  enrol(first, coordinator);
  enrol(second, coordinator);
  first.open();
  const auto welcome = first.next(v1::CoordinatorMessage::kWelcome);
  REQUIRE(welcome);
  CHECK(welcome->welcome().protocol() == 1);
  const auto init = first.next_envelope();
  REQUIRE(init);
  CHECK(init->cluster_id() == welcome->welcome().cluster_id());
  CHECK(init->assignment().role() == "control-plane");
  CHECK(init->assignment().init());
  CHECK(init->assignment().cluster_config().pod_cidr() == "10.244.0.0/16");
  second.open();
  const auto worker = second.next_envelope();
  REQUIRE(worker);
  CHECK(worker->assignment().role() == "worker");
  CHECK_FALSE(worker->assignment().init());
}

TEST_CASE("Two nodes of one name are told of each other, until one of them has gone") {
  const RunningCoordinator coordinator;
  FakeNode first(coordinator, "i-1");
  FakeNode second(coordinator, "i-2");
  enrol(first, coordinator);
  enrol(second, coordinator);
  const auto report = [](FakeNode& node) {
    v1::AgentMessage message;
    message.mutable_report()->mutable_facts()->set_node_name("ip-10-0-0-1");
    node.send(std::move(message));
  };
  first.open();
  second.open();
  report(first);
  // Its answer comes after the report was taken: two streams have no order between them.
  v1::AgentMessage heartbeat;
  heartbeat.mutable_heartbeat()->set_sequence(1);
  first.send(std::move(heartbeat));
  REQUIRE(first.next(v1::CoordinatorMessage::kHeartbeatReply));
  report(second);
  const auto told = second.next(v1::CoordinatorMessage::kConflicts);
  REQUIRE(told);
  REQUIRE(told->conflicts().conflicts_size() == 1);
  CHECK(told->conflicts().conflicts(0).kind() == "hostname");
  CHECK(told->conflicts().conflicts(0).value() == "ip-10-0-0-1");
  CHECK(told->conflicts().conflicts(0).other() == "i-1");
  CHECK(first.close().ok());
  REQUIRE(comes_to_sessions(coordinator, 1));
  report(second);
  const auto better = second.next(v1::CoordinatorMessage::kConflicts);
  REQUIRE(better);
  CHECK(better->conflicts().conflicts_size() == 0);
}

TEST_CASE("Heartbeats are answered, with their number") {
  const RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  enrol(node, coordinator);
  node.open();
  v1::AgentMessage message;
  message.mutable_heartbeat()->set_sequence(42);
  node.send(std::move(message));
  const auto reply = node.next(v1::CoordinatorMessage::kHeartbeatReply);
  REQUIRE(reply);
  CHECK(reply->heartbeat_reply().sequence() == 42);
  CHECK(reply->heartbeat_reply().coordinator_time().seconds() > 1'700'000'000);
}

TEST_CASE("A message before Hello ends the session") {
  const RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  enrol(node, coordinator);
  node.open_silently();
  node.say("swap", v1::STEP_STATE_DONE);
  CHECK(node.close().error_code() == grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_CASE("A waiting worker gets its grant from the control plane's agent, signed for it alone") {
  const RunningCoordinator coordinator;
  FakeNode control_plane(coordinator, "i-1");
  FakeNode worker(coordinator, "i-2");
  enrol(control_plane, coordinator);
  enrol(worker, coordinator);
  control_plane.open();
  REQUIRE(control_plane.next_envelope());
  worker.open();
  REQUIRE(worker.next_envelope());
  worker.say("join", v1::STEP_STATE_WAITING);
  control_plane.initialise_cluster();
  const auto mint = control_plane.next(v1::CoordinatorMessage::kMint);
  REQUIRE(mint);
  CHECK(mint->mint().node_id() == "i-2");
  CHECK(mint->mint().node_name() == "i-2");
  control_plane.answer_mint(mint->mint().request(), token);
  const auto grant = worker.next_envelope();
  REQUIRE(grant);
  CHECK(grant->join_grant().bootstrap_token() == token);
  CHECK(grant->join_grant().api_server() == "10.0.0.1:6443");
  CHECK(grant->join_grant().ca_certificates() == FakeNode::kubernetes_ca());

  // Ready in Kubernetes: the token has no use any more.
  worker.say("join", v1::STEP_STATE_DONE);
  v1::AgentMessage seen;
  v1::KubernetesNode& node = *seen.mutable_kubernetes_nodes()->add_nodes();
  node.set_name("i-2");
  node.set_ready(true);
  control_plane.send(std::move(seen));
  const auto revoked = control_plane.next(v1::CoordinatorMessage::kRevokeToken);
  REQUIRE(revoked);
  CHECK(revoked->revoke_token().token_id() == "abcdef");
}

TEST_CASE("The coordinator restarts while a worker waits: the worker gets its grant all the same") {
  RunningCoordinator coordinator;
  FakeNode control_plane(coordinator, "i-1");
  FakeNode worker(coordinator, "i-2");
  enrol(control_plane, coordinator);
  enrol(worker, coordinator);
  control_plane.open();
  const auto init = control_plane.next_envelope();
  REQUIRE(init);
  control_plane.initialise_cluster();
  worker.open();
  const auto role = worker.next_envelope();
  REQUIRE(role);
  worker.say("join", v1::STEP_STATE_WAITING);
  REQUIRE(control_plane.next(v1::CoordinatorMessage::kMint));  // never answered

  coordinator.stop();
  coordinator.start();
  control_plane.open(init->serial());
  control_plane.say("init", v1::STEP_STATE_DONE);
  control_plane.tell_nodes({"i-1"});
  worker.open(role->serial());
  worker.say("join", v1::STEP_STATE_WAITING);
  const auto mint = control_plane.next(v1::CoordinatorMessage::kMint);
  REQUIRE(mint);
  CHECK(mint->mint().node_id() == "i-2");
  control_plane.answer_mint(mint->mint().request(), token);
  const auto grant = worker.next_envelope();
  REQUIRE(grant);
  CHECK(grant->has_join_grant());  // no second Assignment: it holds the one there is
  CHECK(grant->serial() > role->serial());
}

TEST_CASE("No bootstrap token is ever on the coordinator's disk") {
  RunningCoordinator coordinator;
  FakeNode control_plane(coordinator, "i-1");
  FakeNode worker(coordinator, "i-2");
  enrol(control_plane, coordinator);
  enrol(worker, coordinator);
  control_plane.open();
  control_plane.initialise_cluster();
  worker.open();
  worker.say("join", v1::STEP_STATE_WAITING);
  const auto mint = control_plane.next(v1::CoordinatorMessage::kMint);
  REQUIRE(mint);
  control_plane.answer_mint(mint->mint().request(), token);
  while (const auto envelope = worker.next_envelope())
    if (envelope->has_join_grant()) break;
  coordinator.stop();
  for (const auto& entry : std::filesystem::directory_iterator(coordinator.state())) {
    const auto content = read_file(entry.path(), 16 << 20);
    REQUIRE(content);
    CHECK(content->find("0123456789abcdef") == std::string::npos);
  }
}
