#include "tests/integration/service/fake_node.hpp"

#include <grpcpp/support/status.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace kagent;
using namespace kagent::coordinator;
using Catch::Matchers::ContainsSubstring;

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
  CHECK_THAT(coordinator.get("/metrics").body,
             ContainsSubstring("kagent_nodes{phase=\"enrolled\"} 1\n"));
  node.open();
  REQUIRE(node.next_envelope());
  const std::string text = coordinator.get("/metrics").body;
  CHECK_THAT(text, ContainsSubstring("kagent_sessions 1\n"));
  CHECK_THAT(text, ContainsSubstring("kagent_nodes{phase=\"preparing\"} 1\n"));
  CHECK_THAT(text, ContainsSubstring("kagent_enrolments_total{result=\"accepted\"} 1\n"));
}

TEST_CASE("No secret is shown to a browser") {
  const RunningCoordinator coordinator;
  for (const char* path : {"/", "/metrics", "/api/nodes.json"})
    CHECK_THAT(coordinator.get(path).body, !ContainsSubstring(coordinator.token()));
}
