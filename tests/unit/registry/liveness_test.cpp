#include "tests/unit/registry/world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>

using namespace kagent;
using namespace kagent::coordinator;
using namespace std::chrono_literals;

TEST_CASE("F9 A node that vanishes is shown as lost within 6 s, and its session ended") {
  World world;
  world.join("a");
  world.clear();
  auto passed = 0ms;
  while (world.phase("a") != Phase::lost && passed <= 10s) {
    world.pass(liveness::sweep_every);
    passed += liveness::sweep_every;
    world.tick();
  }
  CHECK(passed <= 6s);
  REQUIRE(world.last<Disconnect>());
  CHECK(world.last<Disconnect>()->node == "a");
  CHECK_FALSE(world.registry.find("a")->connected);
}

TEST_CASE("Heartbeats keep a node alive, and a late one brings it back") {
  World world;
  world.join("a");
  for (int i = 0; i < 100; ++i) {
    world.pass(liveness::heartbeat_every);
    world.registry.heard("a", world.now);
    world.tick();
  }
  CHECK(world.phase("a") != Phase::lost);
  world.pass(10s);
  world.tick();
  CHECK(world.phase("a") == Phase::lost);
  world.connect("a");
  CHECK(world.phase("a") != Phase::lost);
}

TEST_CASE("A node is lost once: no action is repeated while it stays away") {
  World world;
  world.join("a");
  world.pass(10s);
  world.tick();
  world.clear();
  for (int i = 0; i < 20; ++i) {
    world.pass(500ms);
    world.tick();
  }
  CHECK(world.batches.empty());
}

TEST_CASE("F18 Among 10,000 nodes the one that vanishes is lost within 6 s, at low cost") {
  World world;
  constexpr int count = 10'000;
  for (int i = 0; i < count; ++i) world.join("n" + std::to_string(i));
  world.clear();
  const std::string gone = "n7777";
  const auto began = std::chrono::steady_clock::now();
  auto silent = 0ms;
  int sweeps = 0;
  // Each node's heartbeat every 2 s, spread over four sweeps.
  for (; silent < 6s && world.phase(gone) != Phase::lost; silent += liveness::sweep_every) {
    for (int i = sweeps % 4; i < count; i += 4)
      if (const std::string id = "n" + std::to_string(i); id != gone)
        world.registry.heard(id, world.now);
    world.pass(liveness::sweep_every);
    world.tick();
    ++sweeps;
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  CHECK(world.phase(gone) == Phase::lost);
  CHECK(world.all<Disconnect>().size() == 1);
  INFO("all sweeps and 30,000 heartbeats took " << took.count() << " ms");
  CHECK(took < 3s);  // a scan of all nodes would take longer, even in a build with sanitizers
}

TEST_CASE("After a restart of the coordinator nodes have time to connect again") {
  Snapshot kept;
  NodeRecord record;
  record.id = "a";
  record.order = 1;
  kept.nodes.push_back({record, {}});
  World world({}, kept);
  world.pass(4s);
  world.tick();
  CHECK(world.phase("a") != Phase::lost);
  world.pass(2s);
  world.tick();
  CHECK(world.phase("a") == Phase::lost);
}
