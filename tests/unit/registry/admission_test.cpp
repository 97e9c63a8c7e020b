#include "tests/support/result.hpp"
#include "tests/unit/registry/world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent::coordinator;

TEST_CASE("T8 An id that was unbound is let in only by a token for its role") {
  World world;
  world.join("cp");
  world.join("w");
  REQUIRE(world.role("cp") == Role::control_plane);
  REQUIRE(world.registry.unbind("cp"));
  const auto enrol = [&](const char* id, const char* key, WantedRole role, bool fixed) {
    return world.registry.enrol(id, key, role, world.now, fixed);
  };
  CHECK(enrol("cp", "thief", WantedRole::worker, true) == Enrolment::other_role);
  CHECK(world.registry.find("cp")->record.key_sha256.empty());
  CHECK(enrol("cp", "new", WantedRole::control_plane, true) == Enrolment::accepted);
  REQUIRE(world.registry.unbind("w"));
  CHECK(enrol("w", "thief", WantedRole::control_plane, true) == Enrolment::other_role);
  CHECK(enrol("w", "new", WantedRole::automatic, false) == Enrolment::accepted);
}

TEST_CASE("T8 An unbound id without a role gets the role of the token, for good") {
  World world;
  world.enrol("a");
  REQUIRE(world.registry.unbind("a"));
  CHECK(world.registry.enrol("a", "new", WantedRole::worker, world.now, true) ==
        Enrolment::accepted);
  world.take();
  CHECK(world.last<SaveNode>()->record.role_fixed);
  world.connect("a", WantedRole::control_plane);
  CHECK(world.role("a") == Role::worker);
}

TEST_CASE("T4 Every key that an id was unbound from stays barred") {
  World world;
  world.join("a");
  const auto enrol = [&](const char* key) {
    return world.registry.enrol("a", key, WantedRole::automatic, world.now);
  };
  REQUIRE(world.registry.unbind("a"));
  CHECK(enrol("k2") == Enrolment::accepted);
  REQUIRE(world.registry.unbind("a"));
  CHECK(enrol("key-of-a") == Enrolment::barred);
  CHECK(enrol("k2") == Enrolment::barred);
  CHECK(enrol("k") == Enrolment::accepted);  // a prefix of a barred key is another key

  CHECK(world.registry.rebind("a", "k2", WantedRole::automatic, false) == Enrolment::barred);
  world.clear();
  world.take();
  world.clear();
  CHECK(world.registry.rebind("a", "k3", WantedRole::automatic, false) == Enrolment::accepted);
  world.take();
  REQUIRE(world.last<RebindNode>());
  CHECK(world.last<RebindNode>()->from == "k");
  CHECK(world.last<RebindNode>()->record.key_sha256 == "k3");
  CHECK(world.last<Disconnect>()->unbound);
  CHECK(enrol("k") == Enrolment::barred);
}
