#include "coordinator/web/site.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/result.hpp"

#include <grpcpp/support/status.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <atomic>
#include <chrono>
#include <thread>

using namespace kagent;
using namespace kagent::coordinator;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Tcp = boost::asio::ip::tcp;

namespace {

bool comes_to(const RunningCoordinator& coordinator, const std::string& line) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < deadline)
    if (coordinator.get("/metrics").body.find(line) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("Load balancers, Prometheus and browsers are answered") {
  const RunningCoordinator coordinator;
  CHECK(coordinator.get("/healthz").status == 200);
  CHECK(coordinator.get("/readyz").status == 200);
  CHECK(coordinator.get("/").status == 200);
  CHECK(coordinator.get("/script.js").status == 200);
  CHECK(coordinator.get("/../etc/passwd").status == 404);
}

TEST_CASE("The metrics count nodes by phase") {
  const RunningCoordinator coordinator;
  FakeNode node(coordinator, "i-1");
  REQUIRE(node.enrol(coordinator.token()).ok());
  CHECK(comes_to(coordinator, "kagent_nodes{phase=\"enrolled\"} 1\n"));
  node.open();
  REQUIRE(node.next_envelope());
  CHECK(comes_to(coordinator, "kagent_sessions 1\n"));
  const std::string text = coordinator.get("/metrics").body;
  CHECK_THAT(text, ContainsSubstring("kagent_nodes{phase=\"preparing\"} 1\n"));
  CHECK_THAT(text, ContainsSubstring("kagent_enrolments_total{result=\"accepted\"} 1\n"));
}

TEST_CASE("T17 What the page shows is rendered twice a second at most, whoever asks") {
  boost::asio::io_context io;
  struct Counted final : SiteContent {
    bool ready() const override { return true; }
    std::string metrics() const override { return std::to_string(++rendered); }
    std::string nodes_json() const override { return std::to_string(++rendered); }
    mutable std::atomic<int> rendered = 0;
  } content;
  const auto site = std::move(start_site(io.get_executor(), "127.0.0.1:0", content).value());
  const std::jthread loop([&] { io.run(); });
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 500; ++i) {
    CHECK(get(site->port(), "/metrics").status == 200);
    CHECK(get(site->port(), "/api/nodes.json").status == 200);
  }
  const auto halves = (std::chrono::steady_clock::now() - began) / 500ms;
  CHECK(content.rendered <= 2 * (halves + 1));
  io.stop();
}

TEST_CASE("T17 One address that holds all the connections it gets locks nobody out") {
  const RunningCoordinator coordinator;
  boost::asio::io_context io;
  std::vector<Tcp::socket> crowd;
  for (int i = 0; i < 300; ++i) {
    Tcp::socket& socket = crowd.emplace_back(io);
    socket.open(Tcp::v4());
    socket.bind({boost::asio::ip::make_address("127.0.0.2"), 0});
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), coordinator.http_port()});
  }
  CHECK(coordinator.get("/healthz").status == 200);
  // 64 it gets.
  CHECK_THAT(coordinator.get("/metrics").body,
             ContainsSubstring("\nkagent_http_turned_away_total 236\n"));
}

TEST_CASE("No secret is shown to a browser") {
  const RunningCoordinator coordinator;
  for (const char* path : {"/", "/metrics", "/api/nodes.json"})
    CHECK_THAT(coordinator.get(path).body, !ContainsSubstring(coordinator.token()));
}
