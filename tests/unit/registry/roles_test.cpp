#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/registry/world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent::coordinator;
using namespace std::chrono_literals;

TEST_CASE("The first node is the control plane with the init lease, the others are workers") {
  World world;
  world.join("a");
  world.join("b");
  world.join("c");
  CHECK(world.role("a") == Role::control_plane);
  CHECK(world.role("b") == Role::worker);
  CHECK(world.role("c") == Role::worker);
  CHECK(world.registry.lease() == LeaseRecord{"a", 1});
  const auto sent = world.all<SendAssignment>();
  REQUIRE(sent.size() == 3);
  CHECK(sent[0].init);
  CHECK(sent[0].lease_fence == 1);
  CHECK_FALSE(sent[1].init);
  CHECK_FALSE(sent[2].init);
}

TEST_CASE("Enrolment alone gives no role: a node that never connects would hold the lease") {
  World world;
  world.enrol("a");
  CHECK(world.role("a") == Role::none);
  CHECK(world.registry.lease().holder.empty());
  world.join("b");
  CHECK(world.registry.lease().holder == "b");
}

TEST_CASE("A node id belongs to the key that came first") {
  World world;
  world.enrol("a");
  CHECK(world.registry.enrol("a", "key-of-a", WantedRole::automatic, world.now) ==
        Enrolment::accepted);
  CHECK(world.registry.enrol("a", "another key", WantedRole::automatic, world.now) ==
        Enrolment::other_key);
  CHECK(world.registry.nodes().size() == 1);
}

TEST_CASE("A worker by its own wish leaves the lease to a later node") {
  World world;
  world.join("a", WantedRole::worker);
  CHECK(world.role("a") == Role::worker);
  CHECK(world.registry.lease().holder.empty());
  world.join("b");
  CHECK(world.role("b") == Role::control_plane);
  CHECK(world.registry.lease().holder == "b");
}

TEST_CASE("A wish to be a control plane is granted while there is a seat") {
  World world;
  world.join("a");
  world.join("b", WantedRole::control_plane);
  CHECK(world.role("b") == Role::none);
  CHECK_FALSE(world.last<SendAssignment>()->node == "b");
  world.say("b", "preflight", StepState::waiting);
  CHECK(world.reason("b").find("controlPlanes") != std::string::npos);
  // With more seats the node gets one without asking again.
  world.registry.configure({.control_planes = 3, .config_digest = "other"}, world.now);
  CHECK(world.role("b") == Role::control_plane);
}

TEST_CASE("An Assignment is sent once, and again when the node does not hold it") {
  World world;
  world.join("a");
  const auto first = world.last<SendAssignment>();
  world.clear();
  world.connect("a");  // holds it
  CHECK(world.all<SendAssignment>().empty());
  Hello without;
  world.registry.connected("a", std::move(without), world.now);
  const auto actions = world.registry.take_actions();
  bool sent = false;
  for (const Send& action : actions.sends)
    if (const auto* again = std::get_if<SendAssignment>(&action)) {
      sent = true;
      CHECK(again->serial > first->serial);
    }
  CHECK(sent);
}

TEST_CASE("A new configuration reaches connected nodes at once, the others with their Hello") {
  World world;
  world.join("a");
  world.join("b");
  world.registry.disconnected("b", world.now);
  world.clear();
  world.registry.configure({.config_digest = "new digest"}, world.now);
  world.tick();
  REQUIRE(world.all<SendAssignment>().size() == 1);
  CHECK(world.last<SendAssignment>()->node == "a");
  world.clear();
  world.connect("b");
  REQUIRE(world.last<SendAssignment>());
  CHECK(world.last<SendAssignment>()->node == "b");
}

TEST_CASE(
    "Every node is told the API servers when one joins or leaves, if the policy asks for it") {
  const bool asked = GENERATE(true, false);
  Policy policy;
  policy.control_planes = 3;
  policy.local_balancer = asked;
  World world(policy);
  for (const char* id : {"a", "b", "c", "w"}) {
    world.addresses[id] = std::string("10.0.0.") + id;
    world.join(id);
  }
  world.clear();
  for (const char* id : {"w", "b", "c"}) world.say(id, "swap", StepState::done);
  CHECK(world.all<SendAssignment>().empty());  // a control plane that has not joined serves nobody
  world.say("a", "swap", StepState::done);
  world.say("a", "swap", StepState::done);
  world.initialise("a");
  world.let_in("b");
  if (!asked) {
    CHECK(world.all<SendAssignment>().empty());
    return;
  }
  CHECK(world.all<SendAssignment>().size() == 8);  // to four nodes, twice
  CHECK(world.last<SendAssignment>()->api_servers ==
        std::vector<std::string>{"10.0.0.a", "10.0.0.b"});
  world.clear();
  world.registry.disconnected("w", world.now);
  world.let_in("c");
  CHECK(world.all<SendAssignment>().size() == 3);
  world.clear();
  world.connect("w");  // gets the Assignment that it missed
  REQUIRE(world.all<SendAssignment>().size() == 1);
  CHECK(world.last<SendAssignment>()->api_servers.size() == 3);
}

TEST_CASE("A control plane that reports a new address each time costs one Assignment a minute") {
  Policy policy;
  policy.control_planes = 3;
  policy.local_balancer = true;
  World world(policy);
  world.addresses = {{"a", "10.0.0.1"}, {"b", "10.0.0.2"}};
  for (const char* id : {"a", "b"}) world.join(id);
  world.initialise("a");
  world.let_in("b");
  world.clear();
  for (int i = 0; i < 100; ++i) {
    world.addresses["b"] = "10.0.1." + std::to_string(i);
    world.say("b", "join", i % 2 == 0 ? StepState::running : StepState::done);
  }
  CHECK(world.all<SendAssignment>().empty());
  world.pass(61s);
  world.say("b", "join", StepState::done);
  CHECK(world.all<SendAssignment>().size() == 2);
  CHECK(world.last<SendAssignment>()->api_servers ==
        std::vector<std::string>{"10.0.0.1", "10.0.1.99"});
}

TEST_CASE("After a restart the registry decides as before") {
  World before;
  before.join("a");
  before.join("b");
  Snapshot kept;
  kept.lease = before.registry.lease();
  for (const auto& node : before.registry.nodes()) kept.nodes.push_back({node->record, {}});
  World after({}, kept);
  CHECK(after.role("a") == Role::control_plane);
  after.join("c");
  CHECK(after.role("c") == Role::worker);
  CHECK(after.registry.lease() == before.registry.lease());
  CHECK(after.registry.find("c")->record.order == 3);
}

TEST_CASE("A save comes before the message that tells of it") {
  World world;
  world.join("a");
  bool saved = false;
  for (const Actions& batch : world.batches) {
    for (const Write& write : batch.writes) {
      const auto* save = std::get_if<SaveNode>(&write);
      saved = saved || (save != nullptr && save->record.assignment_serial == 1);
    }
    for (const Send& send : batch.sends)
      if (std::holds_alternative<SendAssignment>(send)) CHECK(saved);
  }
}
