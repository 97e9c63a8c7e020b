#include "tests/unit/registry/world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent::coordinator;
using namespace std::chrono_literals;

namespace {

// Every node but `silent` sends heartbeats for this long.
void live(World& world, const std::vector<std::string>& talking, std::chrono::seconds time) {
  for (auto passed = 0s; passed < time; passed += 1s) {
    world.pass(1s);
    for (const std::string& id : talking) world.registry.heard(id, world.now);
    world.tick();
  }
}

}  // namespace

TEST_CASE(
    "F10 The lease of a holder that dies before init is done goes to the next, with a new fence") {
  World world;
  world.join("a");
  world.join("b");
  world.join("c");
  world.say("a", "init", StepState::running);
  live(world, {"b", "c"}, 100s);
  CHECK(world.phase("a") == Phase::lost);
  CHECK(world.registry.lease().holder == "a");  // it may come back
  live(world, {"b", "c"}, 30s);
  CHECK(world.registry.lease() == LeaseRecord{"b", 2});
  CHECK(world.role("b") == Role::control_plane);
  CHECK(world.last<TakeLease>()->lease.fence == 2);
  CHECK(world.last<SendAssignment>()->init);
}

TEST_CASE("F10 A holder that comes back after losing the lease must reset before anything else") {
  World world;
  world.join("a");
  world.join("b");
  world.say("a", "init", StepState::running);
  live(world, {"b"}, 130s);
  REQUIRE(world.registry.lease().holder == "b");
  world.clear();
  world.connect("a");
  const auto reset = world.last<SendReset>();
  const auto assignment = world.last<SendAssignment>();
  REQUIRE(reset);
  REQUIRE(assignment);
  CHECK(reset->lease_fence == 1);
  CHECK(reset->serial < assignment->serial);
  CHECK_FALSE(assignment->init);
  CHECK(world.role("a") == Role::worker);
}

TEST_CASE("The reset order is sent again if the node lacks the Assignment after it") {
  World world;
  world.join("a");
  world.join("b");
  live(world, {"b"}, 130s);
  world.clear();
  for (int i = 0; i < 2; ++i) {
    Hello hello;
    hello.assignment_serial = 1;  // from before
    world.registry.connected("a", std::move(hello), world.now);
    world.tick();
  }
  CHECK(world.all<SendReset>().size() == 2);
}

TEST_CASE("A cluster that a former holder made does not count") {
  World world;
  world.join("a");
  world.join("b");
  live(world, {"b"}, 130s);
  world.connect("a");
  world.registry.cluster_ready("a", {{"a", "10.0.0.9:6443", "CA"}, 1}, world.now);
  CHECK_FALSE(world.registry.cluster().initialized());
  world.registry.cluster_ready("b", {{"b", "10.0.0.1:6443", "CA"}, 1}, world.now);  // old fence
  CHECK_FALSE(world.registry.cluster().initialized());
  world.registry.cluster_ready("b", {{"b", "10.0.0.1:6443", "CA"}, 2}, world.now);
  CHECK(world.registry.cluster().initialized_by == "b");
}

TEST_CASE("An init that has failed for good passes the lease on at once") {
  World world;
  world.join("a");
  world.join("b");
  world.say("a", "init", StepState::failed, "init.timeout");
  CHECK(world.registry.lease() == LeaseRecord{"b", 2});
}

TEST_CASE("The lease stays with its holder while there is no candidate") {
  World world;
  world.join("a");
  world.join("w", WantedRole::worker);
  world.say("a", "init", StepState::failed, "init.timeout");
  CHECK(world.registry.lease() == LeaseRecord{"a", 1});
  CHECK(world.phase("a") == Phase::failed);
}

TEST_CASE("F11 Once the cluster exists the lease never moves") {
  World world;
  world.join("a");
  world.join("b");
  world.initialise("a");
  live(world, {"b"}, 600s);
  CHECK(world.phase("a") == Phase::lost);
  CHECK(world.registry.lease() == LeaseRecord{"a", 1});
  CHECK(world.role("b") == Role::worker);
  // `kagentctl status` says that nobody can join the cluster, and why.
  world.say("b", "join", StepState::waiting);
  CHECK(world.reason("a").find("nothing is heard of it") != std::string::npos);
  CHECK(world.phase("b") == Phase::waiting);
  CHECK(world.reason("b").find("no control plane is connected") != std::string::npos);
  CHECK(world.all<RequestMint>().empty());
  CHECK(world.registry.cluster().initialized_by == "a");
}

TEST_CASE("A lost holder that returns in time keeps its lease") {
  World world;
  world.join("a");
  world.join("b");
  world.say("a", "init", StepState::running);
  live(world, {"b"}, 60s);
  world.connect("a");
  live(world, {"a", "b"}, 300s);
  CHECK(world.registry.lease() == LeaseRecord{"a", 1});
}
