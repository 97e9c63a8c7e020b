#include "agent/common/base/liveness.hpp"
#include "tests/unit/registry/world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent::coordinator;
using namespace std::chrono_literals;

namespace {

// a is the control plane and has initialised the cluster, b a worker.
struct Formed : World {
  Formed() {
    join("a");
    join("b");
    initialise("a");
    clear();
  }
};

}  // namespace

TEST_CASE("A worker that waits gets a token of its own, minted by the control plane") {
  Formed world;
  world.say("b", "join", StepState::waiting);
  const auto mint = world.last<RequestMint>();
  REQUIRE(mint);
  CHECK(mint->minter == "a");
  CHECK(mint->node == "b");
  CHECK_FALSE(mint->control_plane);
  world.answer(*mint);
  const auto grant = world.last<SendGrant>();
  REQUIRE(grant);
  CHECK(grant->node == "b");
  CHECK(grant->bootstrap_token == "abcdef.0123456789abcdef");
  CHECK(grant->serial > 1);
}

TEST_CASE("T10 A token lives ten minutes at most, and ends when its node gets the next") {
  Formed world;
  world.say("b", "join", StepState::waiting);
  const auto mint = world.last<RequestMint>();
  REQUIRE(mint);
  CHECK(mint->ttl <= 10min);
  CHECK(mint->ttl > 0s);
  world.answer(*mint);
  CHECK(world.last<SendGrant>()->expires_at <= world.now.wall + 10min);
  // The join ran and waits again: the node gets another token, the first is revoked.
  world.say("b", "join", StepState::running);
  world.pass(3s);
  world.say("b", "join", StepState::waiting);
  CHECK(world.all<RevokeToken>().size() == 1);
  CHECK(world.last<RequestMint>()->request != mint->request);
}

TEST_CASE("Nothing is minted before the cluster exists; then for all waiting nodes at once") {
  World world;
  world.join("a");
  for (const char* id : {"b", "c", "d"}) {
    world.join(id);
    world.say(id, "join", StepState::waiting);
  }
  CHECK(world.all<RequestMint>().empty());
  CHECK(world.reason("b").find("initialise") != std::string::npos);
  world.initialise("a");
  CHECK(world.all<RequestMint>().size() == 3);
}

TEST_CASE("The token is revoked once its node is Ready") {
  Formed world;
  world.say("b", "join", StepState::waiting);
  world.answer(*world.last<RequestMint>());
  world.say("b", "join", StepState::running);
  world.say("b", "join", StepState::done);
  CHECK(world.phase("b") == Phase::starting);
  CHECK(world.all<RevokeToken>().empty());
  KubernetesState state;
  state.ready = true;
  world.registry.kubernetes_nodes("a", {{"b", state}}, world.now);
  world.tick();
  CHECK(world.phase("b") == Phase::ready);
  REQUIRE(world.last<RevokeToken>());
  CHECK(world.last<RevokeToken>()->token_id == "abcdef");
}

TEST_CASE("F13 A join that failed and waits again gets a new token, the old one is revoked") {
  Formed world;
  world.say("b", "join", StepState::waiting);
  world.answer(*world.last<RequestMint>());
  world.say("b", "join", StepState::running);
  world.say("b", "join", StepState::retrying, "join.token-expired");
  world.clear();
  world.pass(10s);
  for (const char* id : {"a", "b"}) world.registry.heard(id, world.now);
  world.say("b", "join", StepState::waiting);
  CHECK(world.last<RevokeToken>());
  CHECK(world.last<RequestMint>());
}

TEST_CASE("A mint that fails says why, and is tried again later each time") {
  Formed world;
  world.say("b", "join", StepState::waiting);
  Minted refused;
  refused.request = world.last<RequestMint>()->request;
  refused.problem = "the API server answered 403";
  world.registry.minted("a", refused, world.now);
  CHECK(world.reason("b").find("403") != std::string::npos);
  world.clear();
  world.tick();
  CHECK(world.all<RequestMint>().empty());
  world.pass(2s);
  world.tick();
  CHECK(world.all<RequestMint>().size() == 1);
}

TEST_CASE("A control plane that does not answer is asked again") {
  Formed world;
  world.say("b", "join", StepState::waiting);
  for (auto waited = 0s; waited < kagent::liveness::mint_timeout + 10s; waited += 1s) {
    world.pass(1s);
    for (const char* id : {"a", "b"}) world.registry.heard(id, world.now);
    world.tick();
  }
  CHECK(world.all<RequestMint>().size() >= 2);
}

TEST_CASE("The token of an answer that comes too late is revoked") {
  Formed world;
  world.say("b", "join", StepState::waiting);
  const auto mint = world.last<RequestMint>();
  world.registry.disconnected("b", world.now);
  world.clear();
  world.answer(*mint);
  CHECK(world.all<SendGrant>().empty());
  REQUIRE(world.last<RevokeToken>());
  CHECK(world.last<RevokeToken>()->token_id == "abcdef");
}

TEST_CASE("A token that another control plane was asked for is no grant") {
  Formed world;
  world.say("b", "join", StepState::waiting);
  RequestMint stolen = *world.last<RequestMint>();
  stolen.minter = "b";
  world.answer(stolen);
  CHECK(world.all<SendGrant>().empty());
}

TEST_CASE("When the control plane goes away before it answers, the next one is asked") {
  Formed world;
  world.say("b", "join", StepState::waiting);
  world.registry.disconnected("a", world.now);
  CHECK(world.reason("b").find("went away") != std::string::npos);
  world.clear();
  world.pass(3s);
  world.registry.heard("b", world.now);
  world.connect("a");
  CHECK(world.all<RequestMint>().size() == 1);
}

TEST_CASE("F22 Two nodes of one name: the second gets no token and is told to be renamed") {
  Formed world;
  world.join("c");
  world.names["c"] = "b";
  world.say("b", "join", StepState::waiting);
  world.answer(*world.last<RequestMint>());
  world.clear();
  world.say("c", "join", StepState::waiting);
  CHECK(world.all<RequestMint>().empty());
  CHECK(world.reason("c").find("taken by node b") != std::string::npos);
}

TEST_CASE("Control planes join one at a time, with the certificate key asked for") {
  Policy policy;
  policy.control_planes = 3;
  World world(policy);
  for (const char* id : {"a", "b", "c"}) world.join(id);
  world.initialise("a");
  world.say("b", "join", StepState::waiting);
  world.say("c", "join", StepState::waiting);
  REQUIRE(world.all<RequestMint>().size() == 1);
  CHECK(world.last<RequestMint>()->node == "b");
  CHECK(world.last<RequestMint>()->control_plane);
  CHECK(world.last<RequestMint>()->serial == world.registry.find("a")->record.serial);
  CHECK(world.reason("c").find("waits for b") != std::string::npos);
  world.answer(*world.last<RequestMint>());
  CHECK(world.last<SendGrant>()->certificate_key == std::string(64, 'a'));
  world.say("b", "join", StepState::done);
  world.tick();
  REQUIRE(world.all<RequestMint>().size() == 2);
  CHECK(world.last<RequestMint>()->node == "c");
}

TEST_CASE("A control plane gets no grant without the certificate key, and its token goes") {
  Policy policy;
  policy.control_planes = 3;
  World world(policy);
  for (const char* id : {"a", "b"}) world.join(id);
  world.initialise("a");
  world.say("b", "join", StepState::waiting);
  RequestMint keyless = *world.last<RequestMint>();
  keyless.control_plane = false;
  world.answer(keyless);
  CHECK(world.all<SendGrant>().empty());
  REQUIRE(world.last<RevokeToken>());
  CHECK(world.reason("b").find("no certificate key") != std::string::npos);
}

TEST_CASE(
    "A control plane lost while it joins keeps the next one waiting until its token expires") {
  Policy policy;
  policy.control_planes = 3;
  World world(policy);
  for (const char* id : {"a", "b", "c"}) world.join(id);
  world.initialise("a");
  world.say("b", "join", StepState::waiting);
  world.answer(*world.last<RequestMint>());
  world.say("b", "join", StepState::running);
  world.say("c", "join", StepState::waiting);
  world.clear();
  const auto live = [&](std::chrono::seconds time) {
    for (auto passed = 0s; passed < time; passed += 2s) {
      world.pass(2s);
      for (const char* id : {"a", "c"}) world.registry.heard(id, world.now);
      world.tick();
    }
  };
  live(policy.token_ttl - 10s);
  CHECK(world.all<RequestMint>().empty());
  live(20s);
  REQUIRE(world.last<RequestMint>());
  CHECK(world.last<RequestMint>()->node == "c");
}

TEST_CASE("After a restart of the coordinator a join that runs still keeps the next one waiting") {
  Policy policy;
  policy.control_planes = 3;
  World world(policy);
  for (const char* id : {"a", "b", "c"}) world.join(id);
  world.initialise("a");
  world.say("c", "join", StepState::running);  // the restart has lost its grant
  world.say("b", "join", StepState::waiting);
  CHECK(world.all<RequestMint>().empty());
  world.say("c", "join", StepState::done);
  world.tick();
  CHECK(world.all<RequestMint>().size() == 1);
}

TEST_CASE("A thousand waiting nodes are all served, a few at a time") {
  Policy policy;
  policy.mints_at_once = 32;
  World world(policy);
  world.join("cp");
  for (int i = 0; i < 1000; ++i) {
    const std::string id = "w" + std::to_string(i);
    world.join(id);
    world.say(id, "join", StepState::waiting);
  }
  world.initialise("cp");
  std::size_t answered = 0;
  for (auto mints = world.all<RequestMint>(); answered < mints.size();
       mints = world.all<RequestMint>()) {
    CHECK(mints.size() - answered <= 32);
    world.answer(mints[answered++]);
  }
  CHECK(answered == 1000);
  CHECK(world.all<SendGrant>().size() == 1000);
}
