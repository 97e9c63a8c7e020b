// Who is whom, when somebody says that he is another.
#include "agent/common/config/node_config.hpp"
#include "coordinator/ctl/cli.hpp"
#include "tests/integration/coordinator/administrator.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/result.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace kagent;
using namespace kagent::coordinator;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr char by_approval[] = "enrolment: {attestation: approve}\n";
constexpr char bootstrap_token[] = "abcdef.0123456789abcdef";

std::string token_for(ctl::Client& client, const std::string& role, std::uint64_t uses) {
  v1::CreateTokenRequest request;
  request.set_lifetime_seconds(600);
  request.set_uses(uses);
  request.set_role(role);
  const auto created = client.create_token(request);
  REQUIRE(created);
  return config::parse_coordinator_url(created->user_data()).value().token;
}

// A control plane that has made the cluster, and two workers-to-be.
struct Cluster {
  explicit Cluster(std::string config = "") : coordinator(std::move(config)) {
    REQUIRE(master.enrol(coordinator.token()).ok());
    master.open();
    REQUIRE(master.next_envelope());
    master.initialise_cluster();
    for (FakeNode* node : {&first, &second}) {
      REQUIRE(node->enrol(coordinator.token()).ok());
      node->open();
      REQUIRE(node->next_envelope());
    }
  }
  void let_in(FakeNode& node) {
    node.say("join", v1::STEP_STATE_WAITING);
    const auto mint = master.next(v1::CoordinatorMessage::kMint);
    REQUIRE(mint);
    master.answer_mint(mint->mint().request(), bootstrap_token);
    REQUIRE(node.next_envelope());
    node.say("join", v1::STEP_STATE_DONE);
    node.settle();
  }
  [[nodiscard]] std::string reason(const char* id) { return client->get_node(id)->reason(); }

  RunningCoordinator coordinator;
  FakeNode master{coordinator, "i-1"};
  FakeNode first{coordinator, "i-2"};
  FakeNode second{coordinator, "i-3"};
  std::unique_ptr<ctl::Client> client = administrator(coordinator);
};

}  // namespace

TEST_CASE("T16 A hostname with a request in it goes nowhere: no mint, no drain, no Node deleted") {
  Cluster cluster;
  cluster.first.rename("x HTTP/1.1\r\nHost: y\r\n\r\nDELETE /api/v1/nodes/i-1");
  cluster.first.say("join", v1::STEP_STATE_WAITING);
  cluster.first.settle();
  CHECK_THAT(cluster.reason("i-2"), ContainsSubstring("RFC 1123"));
  CHECK(cluster.client->get_node("i-2")->name() == "i-2");
  // The other is the first that the control plane hears of.
  cluster.second.say("join", v1::STEP_STATE_WAITING);
  const auto mint = cluster.master.next(v1::CoordinatorMessage::kMint);
  REQUIRE(mint);
  CHECK(mint->mint().node_id() == "i-3");
  cluster.first.say("join", v1::STEP_STATE_DONE);
  cluster.first.settle();
  v1::LeaveNodeRequest order;
  order.set_node("i-2");
  order.set_drain_seconds(60);
  REQUIRE(cluster.client->leave_node(order));
  const auto reset = cluster.first.next_envelope();
  REQUIRE(reset);
  CHECK(reset->has_reset());  // at once: there is nothing of it to be drained
}

TEST_CASE("T16 An address with a line end in it reaches no other node") {
  Cluster cluster("localBalancerPort: 8443\n");
  const auto says = [&](FakeNode& node, const std::string& address) {
    v1::AgentMessage message;
    message.mutable_report()->mutable_facts()->set_node_name("i-1");
    message.mutable_report()->mutable_facts()->set_address(address);
    node.send(std::move(message));
  };
  says(cluster.master, "10.0.0.1:6443\n    server evil 10.9.9.9");
  says(cluster.master, "10.0.0.1");
  const auto told = cluster.first.next_envelope();
  REQUIRE(told);
  REQUIRE(told->assignment().api_servers_size() == 1);
  CHECK(told->assignment().api_servers(0) == "10.0.0.1:6443");
}

TEST_CASE("T9 A name that another has been let in under is shown with its holder, and stays his") {
  Cluster cluster;
  cluster.first.rename("i-3");
  cluster.let_in(cluster.first);
  cluster.second.say("join", v1::STEP_STATE_WAITING);
  cluster.second.settle();
  CHECK_THAT(cluster.reason("i-3"), ContainsSubstring("kagentctl remove i-2"));
  cluster.first.rename("i-2");
  cluster.first.say("join", v1::STEP_STATE_WAITING);
  cluster.first.settle();
  CHECK_THAT(cluster.reason("i-2"), ContainsSubstring("but in the cluster it is i-3"));
  cluster.coordinator.stop();
  cluster.coordinator.start();
  cluster.client = administrator(cluster.coordinator);
  CHECK(cluster.client->list_nodes()->nodes(1).name() == "i-3");
}

TEST_CASE("A word that is one node's id and another's name is refused, and says both") {
  Cluster cluster;
  cluster.first.rename("web");
  cluster.first.say("swap", v1::STEP_STATE_DONE);
  cluster.first.settle();
  cluster.second.rename("i-2");
  cluster.second.say("swap", v1::STEP_STATE_DONE);
  cluster.second.settle();
  const auto refused = cluster.client->get_node("i-2");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Errc::failed_precondition);
  CHECK_THAT(refused.error().message(), ContainsSubstring("web") && ContainsSubstring("i-3"));
  v1::LeaveNodeRequest order;
  order.set_node("i-2");
  CHECK(cluster.client->leave_node(order).error().code() == Errc::failed_precondition);
  CHECK(cluster.client->get_node("web")->id() == "i-2");
  CHECK(cluster.client->get_node("i-3")->id() == "i-3");
  // One that is called by its own id is meant, whoever else says so.
  cluster.first.rename("i-2");
  cluster.first.say("swap", v1::STEP_STATE_DONE);
  cluster.first.settle();
  CHECK(cluster.client->get_node("i-2")->id() == "i-2");
}

TEST_CASE("A newcomer with the hostname of another holds up only himself") {
  Cluster cluster;
  FakeNode newcomer(cluster.coordinator, "i-4");
  REQUIRE(newcomer.enrol(cluster.coordinator.token()).ok());
  newcomer.open();
  newcomer.rename("i-2");
  newcomer.say("swap", v1::STEP_STATE_DONE);
  const auto told = newcomer.next(v1::CoordinatorMessage::kConflicts);
  REQUIRE(told);
  CHECK(told->conflicts().conflicts(0).other() == "i-2");
  newcomer.say("join", v1::STEP_STATE_DONE);  // it says so
  newcomer.settle();
  cluster.first.say("swap", v1::STEP_STATE_DONE);
  v1::AgentMessage heartbeat;
  heartbeat.mutable_heartbeat()->set_sequence(1);
  cluster.first.send(std::move(heartbeat));
  // Nothing about conflicts comes before it.
  CHECK(cluster.first.next_kind() == v1::CoordinatorMessage::kHeartbeatReply);
}

TEST_CASE("T4 A session of the key before is refused, though it was let in before") {
  const RunningCoordinator coordinator;
  FakeNode thief(coordinator, "i-1");
  REQUIRE(thief.enrol(coordinator.token()).ok());
  thief.open_silently();
  (void)thief.challenge();  // on the way the session has been let in
  auto client = administrator(coordinator);
  REQUIRE(client->forget_node("i-1", ""));
  FakeNode honest(coordinator, "i-1");
  REQUIRE(honest.enrol(coordinator.token()).ok());
  honest.open();
  REQUIRE(honest.next(v1::CoordinatorMessage::kWelcome));
  thief.say_hello();
  CHECK_FALSE(thief.next(v1::CoordinatorMessage::kWelcome));
  CHECK(thief.close().error_code() == grpc::StatusCode::UNAUTHENTICATED);
  honest.settle();
}

TEST_CASE("T4 forget --key lets in the one that is shown, whoever asks first") {
  RunningCoordinator coordinator;
  FakeNode thief(coordinator, "i-1");
  FakeNode honest(coordinator, "i-1");
  FakeNode other(coordinator, "i-1");
  REQUIRE(thief.enrol(coordinator.token()).ok());
  thief.open();
  REQUIRE(thief.next(v1::CoordinatorMessage::kWelcome));
  const grpc::Status refused = honest.enrol(coordinator.token());
  CHECK_THAT(refused.error_message(),
             ContainsSubstring("kagentctl forget i-1 --key " + honest.key_sha256().substr(0, 16)));
  CHECK_FALSE(other.enrol(coordinator.token()).ok());
  auto client = administrator(coordinator);
  CHECK_THAT(client->get_node("i-1")->reason(), ContainsSubstring("kagentctl forget i-1 --key"));
  CHECK(client->forget_node("i-1", "1234").error().code() == Errc::invalid_argument);
  CHECK(client->forget_node("i-1", "0000000000000000").error().code() == Errc::not_found);
  CHECK(client->get_node("i-1")->connected());
  CHECK(ctl::run({"--coordinator", coordinator.admin_socket(), "forget", "i-1", "--key",
                  honest.key_sha256().substr(0, 16)}) == ctl::exit_ok);
  CHECK_FALSE(thief.next(v1::CoordinatorMessage::kLogRequest));
  CHECK(thief.close().error_code() == grpc::StatusCode::UNAUTHENTICATED);
  // The others poll on, and come first.
  CHECK(other.enrol(coordinator.token()).error_code() == grpc::StatusCode::ALREADY_EXISTS);
  CHECK(thief.enrol(coordinator.token()).error_code() == grpc::StatusCode::PERMISSION_DENIED);
  REQUIRE(honest.enrol("").ok());
  honest.open();
  CHECK(honest.next(v1::CoordinatorMessage::kWelcome));

  // Both that were forgotten stay out, over a restart too.
  REQUIRE(client->forget_node("i-1", ""));
  coordinator.stop();
  coordinator.start();
  for (FakeNode* node : {&thief, &honest})
    CHECK(node->enrol(coordinator.token()).error_code() == grpc::StatusCode::PERMISSION_DENIED);
  CHECK(other.enrol(coordinator.token()).ok());
}

TEST_CASE("T4 T17 A rival that asks again and again is not listened to any more") {
  const RunningCoordinator coordinator;
  FakeNode first(coordinator, "i-1");
  FakeNode rival(coordinator, "i-1");
  REQUIRE(first.enrol(coordinator.token()).ok());
  int refused = 0;
  auto code = grpc::StatusCode::OK;
  for (; refused < 200 && code != grpc::StatusCode::RESOURCE_EXHAUSTED; ++refused)
    code = rival.enrol(coordinator.token()).error_code();
  CHECK(code == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(first.enrol("").ok());  // with its certificate
}

TEST_CASE("T17 A certificate of an unbound key does not spare its holder the pace of strangers") {
  const RunningCoordinator coordinator;
  const auto client = administrator(coordinator);
  FakeNode node(coordinator, "i-1"), other(coordinator, "i-2");
  for (FakeNode* each : {&node, &other}) REQUIRE(each->enrol(coordinator.token()).ok());
  REQUIRE(client->forget_node("i-1", ""));
  CHECK(node.enrol("").error_code() != grpc::StatusCode::OK);
  auto code = grpc::StatusCode::OK;
  for (int i = 0; i < 200 && code != grpc::StatusCode::RESOURCE_EXHAUSTED; ++i)
    code = node.enrol("").error_code();
  CHECK(code == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(other.enrol("").ok());
}

TEST_CASE("T8 Who is approved has the role of its token, and has used it") {
  const RunningCoordinator coordinator(by_approval);
  auto client = administrator(coordinator);
  const std::string token = token_for(*client, "worker", 1);
  FakeNode node(coordinator, "i-1");
  FakeNode second(coordinator, "i-2");
  CHECK(node.enrol(token).error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK(node.enrol(token).error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK(second.enrol(token).error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK(client->list_tokens()->tokens(1).uses_left() == 1);
  REQUIRE(client->approve_node("i-1", ""));
  CHECK(client->list_tokens()->tokens(1).uses_left() == 0);
  const auto late = client->approve_node("i-2", "");
  REQUIRE_FALSE(late);
  CHECK_THAT(late.error().message(), ContainsSubstring("used up"));
  REQUIRE(node.enrol(token).ok());
  node.open_as("control-plane");
  const auto assignment = node.next_envelope();
  REQUIRE(assignment);
  CHECK(assignment->assignment().role() == "worker");
}

TEST_CASE("T8 A worker's token does not let in as a control plane that was forgotten") {
  const RunningCoordinator coordinator;
  auto client = administrator(coordinator);
  FakeNode first(coordinator, "i-1");
  REQUIRE(first.enrol(coordinator.token()).ok());
  first.open();
  REQUIRE(first.next_envelope());
  FakeNode rival(coordinator, "i-1");
  const std::string token = token_for(*client, "worker", 1);
  CHECK(rival.enrol(token).error_code() == grpc::StatusCode::ALREADY_EXISTS);
  const auto named = client->forget_node("i-1", rival.key_sha256());
  REQUIRE_FALSE(named);
  CHECK(named.error().code() == Errc::permission_denied);
  CHECK(first.enrol("").ok());  // nothing has changed

  REQUIRE(client->forget_node("i-1", ""));
  const grpc::Status refused = rival.enrol(token);
  CHECK(refused.error_code() == grpc::StatusCode::PERMISSION_DENIED);
  CHECK_THAT(refused.error_message(), ContainsSubstring("another role"));
  CHECK(client->list_tokens()->tokens(1).uses_left() == 1);
  CHECK(rival.enrol(token_for(*client, "control-plane", 1)).ok());
}
