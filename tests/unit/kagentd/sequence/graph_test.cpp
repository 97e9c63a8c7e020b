#include "agent/kagentd/sequence/graph.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>

using namespace kagent;
using namespace kagent::kagentd;

TEST_CASE("A further control plane takes its kubeconfig once it has joined") {
  Part part;
  part.role = plan::Role::control_plane;
  part.init = false;
  const Graph graph = graph_for(part);
  const auto kubeconfig = std::ranges::find(graph, "kubeconfig", &StepSpec::name);
  REQUIRE(kubeconfig != graph.end());
  CHECK(std::ranges::count(kubeconfig->after, "join") == 1);
}

TEST_CASE("Every step comes after those that it needs, whatever the node is") {
  for (const auto role : {plan::Role::control_plane, plan::Role::worker}) {
    for (const bool init : {false, true}) {
      Part part;
      part.role = role;
      part.init = init;
      const Graph graph = graph_for(part);
      std::set<std::string> all;
      for (const StepSpec& step : graph) all.emplace(step.name);
      std::set<std::string> seen;
      for (const StepSpec& step : graph) {
        for (const auto& needed : step.after)
          CHECK((!all.contains(needed) || seen.contains(needed)));
        seen.emplace(step.name);
      }
    }
  }
}
