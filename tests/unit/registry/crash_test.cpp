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

TEST_CASE("F5 The coordinator killed before every write and every message loses nothing") {
  const std::size_t points = points_of(Fault::crash);
  REQUIRE(points > 15);
  for (std::size_t first = 0; first < points; ++first) {
    // The second fault comes at the same point, a little later, or much later.
    for (const std::size_t second : {first, first + 1, first + 2, first + 5, first + points / 2}) {
      CAPTURE(first, second);
      Simulation simulation(Fault::crash, {first, second});
      simulation.run(3);
      expect_formed(simulation);
    }
  }
}

TEST_CASE("F9 The cluster forms whatever message is lost with its session") {
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

// The first fault point of leave(), and the one after its last.
std::pair<std::size_t, std::size_t> leaving_points(Fault fault) {
  Simulation undisturbed(fault, {});
  undisturbed.run(3);
  const std::size_t first = undisturbed.points();
  undisturbed.leave("i-2", "i-3");
  CHECK(undisturbed.broken() == "");
  CHECK(undisturbed.has_left("i-2"));
  CHECK(undisturbed.is_removed("i-3"));
  return {first, undisturbed.points()};
}

void expect_left(const Simulation& simulation) {
  CHECK(simulation.broken() == "");
  CHECK(simulation.inits() == 1);
  CHECK(simulation.has_left("i-2"));
  CHECK(simulation.is_removed("i-3"));
}

TEST_CASE("F5 A node that leaves does so whenever the coordinator is killed") {
  const auto [begin, end] = leaving_points(Fault::crash);
  REQUIRE(end - begin > 10);
  for (std::size_t first = begin; first < end; ++first) {
    for (const std::size_t second : {first, first + 1, first + 2, first + 5}) {
      CAPTURE(first, second);
      Simulation simulation(Fault::crash, {first, second});
      simulation.run(3);
      simulation.leave("i-2", "i-3");
      expect_left(simulation);
    }
  }
}

TEST_CASE("F9 A node that leaves does so whatever messages are lost") {
  const auto [begin, end] = leaving_points(Fault::lost_line);
  REQUIRE(end - begin > 5);
  for (std::size_t first = begin; first < end; ++first) {
    for (std::size_t second = first; second < end; ++second) {
      CAPTURE(first, second);
      Simulation simulation(Fault::lost_line, {first, second});
      simulation.run(3);
      simulation.leave("i-2", "i-3");
      expect_left(simulation);
    }
  }
}

}  // namespace kagent::coordinator
