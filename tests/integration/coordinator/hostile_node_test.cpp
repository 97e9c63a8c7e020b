// Enrolled nodes that were taken over: what they say reaches nobody as more than text.
#include "tests/integration/coordinator/administrator.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/result.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>

using namespace kagent;
using namespace kagent::coordinator;

namespace {

struct Cluster {
  Cluster() {
    for (FakeNode* node : {&master, &worker}) {
      REQUIRE(node->enrol(coordinator.token()).ok());
      node->open();
      REQUIRE(node->next_envelope());
    }
  }

  RunningCoordinator coordinator;
  FakeNode master{coordinator, "i-1"};
  FakeNode worker{coordinator, "i-2"};
  std::unique_ptr<ctl::Client> admin = administrator(coordinator);
};

v1::AgentMessage cluster_ready(const std::string& api_server, const std::string& ca) {
  v1::AgentMessage message;
  message.mutable_cluster_ready()->set_api_server(api_server);
  message.mutable_cluster_ready()->set_ca_certificates(ca);
  message.mutable_cluster_ready()->set_lease_fence(1);
  return message;
}

}  // namespace

TEST_CASE("An API server or a CA that carries a command becomes no cluster's") {
  Cluster cluster;
  cluster.worker.say("join", v1::STEP_STATE_WAITING);
  cluster.master.say("init", v1::STEP_STATE_DONE);
  cluster.master.tell_nodes({"i-1"});
  cluster.master.send(cluster_ready(
      "10.0.0.1:6443\"\nusers: [{user: {exec: {command: sh}}}]\n---\r", FakeNode::kubernetes_ca()));
  cluster.master.send(cluster_ready("10.0.0.1:6443", "\r\nusers: [{user: {exec: {command: sh}}}]"));
  cluster.master.settle();
  CHECK(cluster.coordinator.get("/api/status").body.find("exec") == std::string::npos);
  // The same node may still say something true.
  cluster.master.initialise_cluster();
  const auto mint = cluster.master.next(v1::CoordinatorMessage::kMint);
  REQUIRE(mint);

  // A token that is more than a token is a Mint that failed: the worker gets nothing.
  cluster.master.answer_mint(mint->mint().request(), "abcdef.0123456789abcdef\n--v=9");
  const auto again = cluster.master.next(v1::CoordinatorMessage::kMint);
  REQUIRE(again);
  cluster.master.answer_mint(again->mint().request(), "abcdef.0123456789abcdef");
  const auto grant = cluster.worker.next_envelope();
  REQUIRE(grant);
  CHECK(grant->join_grant().api_server() == "10.0.0.1:6443");
  CHECK(grant->join_grant().bootstrap_token() == "abcdef.0123456789abcdef");
}

TEST_CASE("A report of two hundred thousand empty steps is cut, and the cut is counted") {
  Cluster cluster;
  v1::AgentMessage message;
  for (int i = 0; i < 200'000; ++i) message.mutable_report()->add_steps();
  cluster.worker.send(std::move(message));
  cluster.worker.settle();
  CHECK(cluster.admin->get_node("i-2")->report().steps_size() <= 128);
  CHECK(cluster.coordinator.get("/metrics").body.find("\nkagent_messages_cut_total 1\n") !=
        std::string::npos);
}

TEST_CASE("No text of a node reaches an administrator with a control character in it") {
  Cluster cluster;
  v1::AgentMessage message;
  v1::StepStatus& step = *message.mutable_report()->add_steps();
  step.set_name("join");
  step.set_state(v1::STEP_STATE_FAILED);
  step.mutable_failure()->set_message(
      "\x1b]52;c;ZXZpbA==\x07\xc2\x9b"
      "31m\xe2\x80\xae\n{\"audit\":1}");
  cluster.worker.send(std::move(message));
  cluster.worker.settle();
  const auto node = cluster.admin->get_node("i-2").value();
  REQUIRE(node.report().steps_size() == 1);
  CHECK(node.report().steps(0).failure().message() ==
        "\\u{1b}]52;c;ZXZpbA==\\u{07}\\u{9b}31m\\u{202e}\\n{\"audit\":1}");
}
