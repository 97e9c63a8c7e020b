#include "coordinator/ctl/cli.hpp"
#include "tests/integration/coordinator/administrator.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/result.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <thread>

using namespace kagent;
using namespace kagent::coordinator;

namespace {

// A control plane and a worker, both in the cluster.
struct Cluster {
  Cluster() {
    REQUIRE(master.enrol(coordinator.token()).ok());
    master.open();
    REQUIRE(master.next_envelope());
    master.initialise_cluster();
    REQUIRE(worker.enrol(coordinator.token()).ok());
    worker.open();
    REQUIRE(worker.next_envelope());
    worker.say("join", v1::STEP_STATE_WAITING);
    const auto mint = master.next(v1::CoordinatorMessage::kMint);
    REQUIRE(mint);
    master.answer_mint(mint->mint().request(), "abcdef.0123456789abcdef");
    REQUIRE(worker.next_envelope());
    worker.say("join", v1::STEP_STATE_DONE);
    for (const char* id : {"i-1", "i-2"})
      while (client->get_node(id)->phase() != v1::PHASE_STARTING) std::this_thread::yield();
  }

  RunningCoordinator coordinator;
  FakeNode master{coordinator, "i-1"};
  FakeNode worker{coordinator, "i-2"};
  std::unique_ptr<ctl::Client> client = administrator(coordinator);
};

void reply_drained(FakeNode& master, const v1::Drain& order, const std::string& problem = {}) {
  v1::AgentMessage message;
  message.mutable_drain_reply()->set_request(order.request());
  message.mutable_drain_reply()->set_done(problem.empty());
  if (!problem.empty()) message.mutable_drain_reply()->mutable_failure()->set_message(problem);
  master.send(std::move(message));
}

}  // namespace

TEST_CASE("kagentctl reset goes from the drain to the Node's end, and rejoin back") {
  Cluster cluster;
  std::thread nodes([&] {
    const auto drain = cluster.master.next(v1::CoordinatorMessage::kDrain);
    if (!drain) return;
    CHECK(drain->drain().node_name() == "i-2");
    CHECK(drain->drain().limit_seconds() == 60);
    reply_drained(cluster.master, drain->drain());
    const auto order = cluster.worker.next_envelope();
    if (!order || !order->has_reset()) return;
    v1::AgentMessage done;
    done.mutable_report()->mutable_facts()->set_node_name("i-2");
    done.mutable_report()->set_reset_serial(order->serial());
    cluster.worker.send(std::move(done));
    const auto unregister = cluster.master.next(v1::CoordinatorMessage::kUnregister);
    if (!unregister) return;
    CHECK(unregister->unregister().node_name() == "i-2");
    v1::AgentMessage gone;
    gone.mutable_unregister_reply()->set_request(unregister->unregister().request());
    cluster.master.send(std::move(gone));
  });
  const auto code = ctl::run({"--coordinator", cluster.coordinator.admin_socket(), "reset", "i-2",
                              "--yes", "--timeout", "60s"});
  nodes.join();
  CHECK(code == ctl::exit_ok);
  CHECK(cluster.client->get_node("i-2")->phase() == v1::PHASE_RESET);
  CHECK(ctl::run({"--coordinator", cluster.coordinator.admin_socket(), "rejoin", "i-2"}) ==
        ctl::exit_ok);
  const auto back = cluster.worker.next_envelope();
  REQUIRE(back);
  CHECK(back->has_assignment());
}

TEST_CASE("kagentctl retry reaches the node, and says so when it cannot") {
  Cluster cluster;
  CHECK(ctl::run({"--coordinator", cluster.coordinator.admin_socket(), "retry", "i-2"}) ==
        ctl::exit_ok);
  CHECK(cluster.worker.next(v1::CoordinatorMessage::kRetry));
  CHECK(cluster.client->retry_node("i-9").error().code() == Errc::not_found);
  CHECK(cluster.worker.close().ok());
  Error last(Errc::protocol, "it is still connected");
  while (last.code() != Errc::unavailable) {
    const auto again = cluster.client->retry_node("i-2");
    if (!again) last = again.error();
    REQUIRE((again || last.code() == Errc::unavailable));
  }
}

TEST_CASE("What keeps a node from being drained reaches who asked, and nothing is reset") {
  Cluster cluster;
  std::thread nodes([&] {
    const auto drain = cluster.master.next(v1::CoordinatorMessage::kDrain);
    if (drain) reply_drained(cluster.master, drain->drain(), "d/web: the budget web");
  });
  CHECK(ctl::run({"--coordinator", cluster.coordinator.admin_socket(), "reset", "i-2", "--yes"}) ==
        ctl::exit_failed);
  nodes.join();
  const auto node = cluster.client->get_node("i-2");
  CHECK(node->leaving().problem() == "d/web: the budget web");
  CHECK(node->reason().find("d/web: the budget web") != std::string::npos);
  CHECK(node->phase() == v1::PHASE_STARTING);
}

TEST_CASE("A plan asks the control plane and the node, and orders nothing") {
  Cluster cluster;
  std::thread nodes([&] {
    const auto drain = cluster.master.next(v1::CoordinatorMessage::kDrain);
    if (!drain) return;
    CHECK(drain->drain().plan());
    v1::AgentMessage pods;
    pods.mutable_drain_reply()->set_request(drain->drain().request());
    pods.mutable_drain_reply()->add_pods("d/web");
    cluster.master.send(std::move(pods));
    const auto ask = cluster.worker.next(v1::CoordinatorMessage::kPlanReset);
    if (!ask) return;
    v1::AgentMessage plan;
    plan.mutable_reset_plan()->set_request(ask->plan_reset().request());
    plan.mutable_reset_plan()->add_changes("kubeadm reset");
    cluster.worker.send(std::move(plan));
  });
  const auto plan = cluster.client->plan_leave("i-2", true);
  nodes.join();
  REQUIRE(plan);
  const std::vector<std::string> changes(plan->changes().begin(), plan->changes().end());
  CHECK(changes == std::vector<std::string>{"cordon i-2", "evict d/web", "kubeadm reset",
                                            "delete the Node i-2",
                                            "take i-2 out of the registry: it may not come back"});
  CHECK_FALSE(cluster.client->get_node("i-2")->has_leaving());
}

TEST_CASE("T18 From its removal on a node's certificate opens nothing") {
  const RunningCoordinator coordinator;
  const auto client = administrator(coordinator);
  FakeNode master(coordinator, "i-1"), node(coordinator, "i-2");
  for (FakeNode* each : {&master, &node}) {
    REQUIRE(each->enrol(coordinator.token()).ok());
    each->open();
    REQUIRE(each->next_envelope());
  }
  v1::LeaveNodeRequest request;
  request.set_node("i-2");
  request.set_remove(true);
  REQUIRE(client->leave_node(request));
  const auto order = node.next_envelope();
  REQUIRE(order);
  REQUIRE(order->has_reset());
  v1::AgentMessage done;
  done.mutable_report()->set_reset_serial(order->serial());
  node.send(std::move(done));
  while (node.next_kind() != v1::CoordinatorMessage::BODY_NOT_SET) {
  }
  CHECK(node.close().error_code() == grpc::StatusCode::PERMISSION_DENIED);
  CHECK(client->list_nodes()->nodes_size() == 1);

  // It holds for a day yet.
  node.open_silently();
  CHECK(node.close().error_code() == grpc::StatusCode::PERMISSION_DENIED);
  CHECK(node.enrol("").error_code() == grpc::StatusCode::PERMISSION_DENIED);
  CHECK(node.enrol(coordinator.token()).error_code() == grpc::StatusCode::PERMISSION_DENIED);
  const auto* admin = v1::Node::descriptor()->file()->FindServiceByName("Admin");
  for (int i = 0; i < admin->method_count(); ++i)
    CHECK(node.call("/" + admin->full_name() + "/" + admin->method(i)->name()).error_code() ==
          grpc::StatusCode::PERMISSION_DENIED);
  FakeNode other(coordinator, "i-2");
  CHECK(other.enrol(coordinator.token()).error_code() == grpc::StatusCode::ALREADY_EXISTS);
}

TEST_CASE("T18 A node that was taken out as it was is told to reset, and nothing else") {
  Cluster cluster;
  (void)cluster.worker.close();
  v1::LeaveNodeRequest request;
  request.set_node("i-2");
  request.set_remove(true);
  request.set_force(true);
  while (cluster.client->get_node("i-2")->connected()) std::this_thread::yield();
  REQUIRE(cluster.client->leave_node(request));
  const auto unregister = cluster.master.next(v1::CoordinatorMessage::kUnregister);
  REQUIRE(unregister);
  v1::AgentMessage gone;
  gone.mutable_unregister_reply()->set_request(unregister->unregister().request());
  cluster.master.send(std::move(gone));
  cluster.master.settle();

  cluster.worker.open();
  const auto order = cluster.worker.next_envelope();
  REQUIRE(order);
  CHECK(order->has_reset());
  // What it says meanwhile is no node's word.
  cluster.worker.say("join", v1::STEP_STATE_WAITING);
  cluster.worker.tell_nodes({"i-1", "i-2", "i-3"});
  v1::AgentMessage ready;
  ready.mutable_cluster_ready()->set_api_server("192.0.2.1:6443");
  cluster.worker.send(std::move(ready));
  v1::AgentMessage certificate;
  certificate.mutable_node_certificate()->set_node_name("i-1");
  cluster.worker.send(std::move(certificate));
  v1::AgentMessage done;
  done.mutable_report()->set_reset_serial(order->serial());
  cluster.worker.send(std::move(done));
  CHECK(cluster.worker.next_kind() == v1::CoordinatorMessage::BODY_NOT_SET);
  CHECK(cluster.client->list_nodes()->nodes_size() == 1);
  CHECK(cluster.worker.enrol("").error_code() == grpc::StatusCode::PERMISSION_DENIED);
}

TEST_CASE("T18 no node may tell another to leave") {
  const RunningCoordinator coordinator;
  const TemporaryFolder folder;
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  std::ofstream(folder / "node.crt") << node.certificate();
  std::ofstream(folder / "node.key") << node.key_pem();
  const ctl::Endpoint as_node{
      coordinator.user_data(false), folder / "node.crt", folder / "node.key", {}};
  auto client = ctl::connect(as_node);
  REQUIRE(client);
  v1::LeaveNodeRequest request;
  request.set_node("i-1");
  request.set_remove(true);
  request.set_force(true);
  CHECK((*client)->leave_node(request).error().code() == Errc::permission_denied);
  CHECK((*client)->rejoin_node("i-1").error().code() == Errc::permission_denied);
  CHECK((*client)->plan_leave("i-1", false).error().code() == Errc::permission_denied);
}
