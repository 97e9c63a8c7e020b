#include "tests/unit/registry/simulation.hpp"

#include <catch2/catch_test_macros.hpp>

namespace kagent::coordinator {
namespace {

void expect_formed(const Simulation& simulation) {
  CHECK(simulation.broken() == "");
  CHECK(simulation.inits() == 1);
  CHECK(simulation.all_joined());
}

std::size_t points_of(Fault fault) {
  Simulation undisturbed(fault, {});
  undisturbed.run(3);
  expect_formed(undisturbed);
  CHECK(undisturbed.live_tokens().empty());
  return undisturbed.points();
}

}  // namespace

TEST_CASE("F5: The coordinator killed before every write and every message loses nothing") {
  const std::size_t points = points_of(Fault::crash);
  REQUIRE(points > 15);
  for (std::size_t first = 0; first < points; ++first) {
    // A second time at the same place, a little later, much later.
    for (const std::size_t second : {first, first + 1, first + 2, first + 5, first + points / 2}) {
      CAPTURE(first, second);
      Simulation simulation(Fault::crash, {first, second});
      simulation.run(3);
      expect_formed(simulation);
    }
  }
}

TEST_CASE("F9: Any message lost with its session is made good") {
  const std::size_t points = points_of(Fault::lost_line);
  REQUIRE(points > 8);
  for (std::size_t first = 0; first < points; ++first) {
    for (std::size_t second = first; second < first + points; ++second) {
      CAPTURE(first, second);
      Simulation simulation(Fault::lost_line, {first, second});
      simulation.run(3);
      expect_formed(simulation);
    }
  }
}

}  // namespace kagent::coordinator
