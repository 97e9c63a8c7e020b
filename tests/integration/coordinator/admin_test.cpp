#include "agent/common/base/file.hpp"
#include "coordinator/authority/authority.hpp"
#include "coordinator/ctl/client/node_set.hpp"
#include "tests/integration/coordinator/administrator.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/result.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <thread>

using namespace kagent;
using namespace kagent::coordinator;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<ctl::Client> client_of(const ctl::Endpoint& endpoint) {
  auto client = ctl::connect(endpoint);
  REQUIRE(client);
  return std::move(*client);
}

// kagentctl on another machine, with this certificate.
ctl::Endpoint network_of(const RunningCoordinator& coordinator, const TemporaryFolder& folder,
                         const std::string& certificate, const std::string& key) {
  std::ofstream(folder / "client.crt") << certificate;
  std::ofstream(folder / "client.key") << key;
  return {coordinator.user_data(false), folder / "client.crt", folder / "client.key", {}};
}

}  // namespace

TEST_CASE("The admin socket tells everything to those who may open it") {
  const RunningCoordinator coordinator;
  const auto client = client_of(socket_of(coordinator));
  CHECK(client->list_nodes()->nodes().empty());
  CHECK(*client->user_data(true) == coordinator.user_data(true));
  CHECK(client->user_data(false)->find(coordinator.token()) == std::string::npos);
  CHECK(client->get_node("nobody").error().code() == Errc::not_found);
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  CHECK(client->get_node("i-1")->phase() == v1::PHASE_ENROLLED);
  CHECK(client->get_logs("i-1", "", 0).error().code() == Errc::unavailable);  // no session
}

TEST_CASE("Over the network only an admin certificate may ask") {
  const RunningCoordinator coordinator;
  const TemporaryFolder folder;
  const auto admin = issue_admin(coordinator.state(), "joe");
  REQUIRE(admin);
  CHECK(client_of(network_of(coordinator, folder, admin->certificate_pem, admin->key_pem))
            ->list_nodes());
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  const auto as_node =
      client_of(network_of(coordinator, folder, node.certificate(), node.key_pem()));
  CHECK(as_node->list_nodes().error().code() == Errc::permission_denied);
  CHECK(as_node->user_data(true).error().code() == Errc::permission_denied);
}

TEST_CASE("T18 Every administrator's call is refused to a node and to who shows no certificate") {
  const RunningCoordinator coordinator;
  const FakeNode nobody(coordinator, "i-1");
  FakeNode node(coordinator, "i-2");
  REQUIRE(node.enrol(coordinator.token()).ok());
  const auto* admin = v1::Node::descriptor()->file()->FindServiceByName("Admin");
  REQUIRE(admin != nullptr);
  CHECK(admin->method_count() >= 17);
  for (int i = 0; i < admin->method_count(); ++i) {
    const std::string name = admin->method(i)->name();
    INFO(name);
    const std::string method = "/" + admin->full_name() + "/" + name;
    for (const FakeNode* caller : std::initializer_list<const FakeNode*>{&nobody, &node}) {
      const grpc::Status refused = caller->call(method);
      CHECK(refused.error_code() == grpc::StatusCode::PERMISSION_DENIED);
      CHECK(refused.error_message().find("admin certificate") != std::string::npos);
    }
  }
  const int calls = 2 * admin->method_count();
  CHECK(coordinator.get("/metrics")
            .body.find("\nkagent_administration_refused_total " + std::to_string(calls) + "\n") !=
        std::string::npos);
  // One line a minute for each address.
  const auto log = read_file(coordinator.folder() / "audit.jsonl");
  REQUIRE(log);
  CHECK(log->find("\"call\":\"ListNodes\"") != std::string::npos);
  std::size_t lines = 0;
  for (auto at = log->find("\"administration\""); at != std::string::npos;
       at = log->find("\"administration\"", at + 1))
    ++lines;
  CHECK(lines == 1);
}

TEST_CASE("A watch gives the whole list, then every change") {
  const RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  const auto client = client_of(socket_of(coordinator));
  ctl::NodeSet set;
  bool opened = false;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  const auto watched = client->watch_nodes(100ms, [&](const v1::WatchNodesResponse* message) {
    if (message != nullptr) set.apply(*message);
    if (set.complete() && !std::exchange(opened, true)) {
      CHECK(set.nodes().size() == 1);
      node.open();
      node.say("swap", v1::STEP_STATE_RUNNING);
    }
    const bool seen = !set.nodes().empty() && set.nodes()[0].step() == "swap";
    return !seen && std::chrono::steady_clock::now() < deadline;
  });
  CHECK(watched);
  REQUIRE(set.nodes().size() == 1);
  CHECK(set.nodes()[0].phase() == v1::PHASE_PREPARING);
  CHECK(set.nodes()[0].step() == "swap");
}

TEST_CASE("Logs are asked of the node itself") {
  const RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  node.open();
  REQUIRE(node.next_envelope());
  std::thread answering([&] {
    const auto asked = node.next(v1::CoordinatorMessage::kLogRequest);
    if (!asked) return;
    v1::AgentMessage message;
    message.mutable_log_reply()->set_request(asked->log_request().request());
    message.mutable_log_reply()->add_lines(asked->log_request().step() + ": line");
    node.send(std::move(message));
  });
  const auto lines = client_of(socket_of(coordinator))->get_logs("i-1", "init", 5);
  answering.join();
  REQUIRE(lines);
  CHECK(*lines == std::vector<std::string>{"init: line"});
}

TEST_CASE("A coordinator that is not there is named, with what to do") {
  ctl::Endpoint endpoint;
  endpoint.coordinator = "/nonexistent/admin.sock";
  const auto client = ctl::connect(endpoint);
  REQUIRE_FALSE(client);
  CHECK(client.error().code() == Errc::unavailable);
  CHECK(client.error().message().find("is kagent-coordinator running") != std::string::npos);
}
