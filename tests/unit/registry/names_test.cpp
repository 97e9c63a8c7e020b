#include "tests/support/result.hpp"
#include "tests/unit/registry/world.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace kagent::coordinator;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

// "m" is the control plane, "x" and "w" want to be workers.
struct Formed : World {
  Formed() {
    for (const char* id : {"m", "x", "w"}) join(id);
    initialise("m");
    clear();
  }
  void calls_itself(const std::string& id, const std::string& name, StepState join) {
    names[id] = name;
    say(id, "join", join);
  }
  [[nodiscard]] const NodeRecord& record(const std::string& id) const {
    return registry.find(id)->record;
  }
  void kubernetes_has(const std::vector<std::string>& nodes) {
    std::map<std::string, KubernetesState> all;
    for (const std::string& name : nodes) all[name].ready = true;
    registry.kubernetes_nodes("m", all, now);
    take();
  }
  void leaves(const std::string& id, bool remove) {
    LeaveWish wish;
    wish.remove = remove;
    REQUIRE(registry.leave(id, wish, now));
    take();
  }
  void is_reset(const std::string& id) {
    Report report;
    report.node_name = names.contains(id) ? names[id] : id;
    report.reset_serial = last<SendReset>()->serial;
    registry.reported(id, std::move(report), now);
    take();
  }
};

}  // namespace

TEST_CASE("T9 A worker that joins under the name of another keeps it, and gets no second one") {
  Formed world;
  world.calls_itself("w", "x", StepState::waiting);
  world.answer(*world.last<RequestMint>());
  world.calls_itself("w", "w", StepState::waiting);
  CHECK(world.record("w").name == "x");
  CHECK_THAT(world.reason("w"), ContainsSubstring("hostname is now w"));
  world.clear();
  world.pass(30s);
  world.registry.heard("m", world.now);
  world.calls_itself("w", "w", StepState::waiting);
  CHECK_FALSE(world.last<RequestMint>());

  // The other worker is told which node has its name, and what to do.
  world.say("x", "join", StepState::waiting);
  CHECK_FALSE(world.last<RequestMint>());
  CHECK_THAT(world.reason("x"),
             ContainsSubstring("taken by node w") && ContainsSubstring("kagentctl remove w"));
  world.leaves("w", true);
  world.is_reset("w");
  REQUIRE(world.last<RequestUnregister>());
  CHECK(world.last<RequestUnregister>()->node_name == "x");
  world.registry.unregistered("m", world.last<RequestUnregister>()->request, {}, world.now);
  world.say("x", "join", StepState::waiting);
  REQUIRE(world.last<RequestMint>());
  CHECK(world.last<RequestMint>()->node == "x");
}

TEST_CASE("T9 A node that only reports having joined under a name does not own it") {
  Formed world;
  world.calls_itself("w", "x", StepState::done);
  CHECK_THAT(world.reason("w"), ContainsSubstring("never granted the name x"));
  world.let_in("x");
  world.kubernetes_has({"m", "x"});
  CHECK(world.phase("x") == Phase::ready);
  CHECK(world.phase("w") == Phase::starting);
  CHECK(world.registry.kubernetes(*world.registry.find("w")) == nullptr);
}

TEST_CASE("T9 An order for one node never touches the Node of another") {
  Formed world;
  world.let_in("x");
  world.calls_itself("w", "x", StepState::done);
  const bool remove = GENERATE(true, false);
  world.leaves("w", remove);
  CHECK_FALSE(world.last<RequestDrain>());
  world.is_reset("w");
  CHECK_FALSE(world.last<RequestUnregister>());
  const auto* gone = remove ? world.registry.removed("w") : &world.record("w");
  REQUIRE(gone != nullptr);
  CHECK(gone->leave.stage == LeaveStage::left);
}

TEST_CASE("T9 A removed node that returns under the name of another deletes no Node") {
  Formed world;
  world.let_in("x");
  world.calls_itself("w", "x", StepState::pending);
  world.registry.disconnected("w", world.now);
  LeaveWish wish;
  wish.remove = wish.force = true;
  REQUIRE(world.registry.leave("w", wish, world.now));
  world.take();
  world.registry.disconnected("x", world.now);
  REQUIRE(world.registry.leave("x", wish, world.now));
  world.take();
  world.registry.unregistered("m", world.last<RequestUnregister>()->request, {}, world.now);
  world.clear();
  world.connect("w");
  world.is_reset("w");
  CHECK_FALSE(world.last<RequestUnregister>());
}

TEST_CASE("T9 No new machine joins under the name of a Node that Kubernetes has") {
  Formed world;
  world.kubernetes_has({"m", "by-hand"});
  world.calls_itself("w", "by-hand", StepState::waiting);
  CHECK_FALSE(world.last<RequestMint>());
  CHECK_THAT(world.reason("w"), ContainsSubstring("kubectl delete node by-hand"));
  world.kubernetes_has({"m"});
  world.tick();
  REQUIRE(world.last<RequestMint>());
  CHECK(world.last<RequestMint>()->node_name == "by-hand");
  // The node's own Node, from a join that failed half-way, is no obstacle.
  world.answer(*world.last<RequestMint>());
  world.kubernetes_has({"m", "by-hand"});
  world.clear();
  world.say("w", "join", StepState::retrying);
  world.pass(5s);
  world.registry.heard("m", world.now);
  world.say("w", "join", StepState::waiting);
  CHECK(world.last<RequestMint>());
}

TEST_CASE("T9 After a restart nothing is minted before the Nodes of Kubernetes are known") {
  Formed before;
  Snapshot kept;
  kept.cluster = before.registry.cluster();
  kept.lease = before.registry.lease();
  for (const auto& node : before.registry.nodes()) kept.nodes.push_back({node->record, {}});
  World after({}, kept);
  after.connect("m");
  after.connect("w");
  after.say("w", "join", StepState::waiting);
  CHECK_FALSE(after.last<RequestMint>());
  after.registry.kubernetes_nodes("m", {{"m", {}}}, after.now);
  after.take();
  CHECK(after.last<RequestMint>());
}

TEST_CASE("T9 The owner of a name stays the same when the coordinator restarts") {
  Formed before;
  before.calls_itself("w", "x", StepState::waiting);  // the mint is never answered
  Snapshot kept;
  kept.cluster = before.registry.cluster();
  kept.lease = before.registry.lease();
  for (const auto& node : before.registry.nodes()) kept.nodes.push_back({node->record, {}});
  World after({}, kept);
  for (const char* id : {"m", "x", "w"}) after.connect(id);
  after.registry.kubernetes_nodes("m", {{"m", {}}}, after.now);
  after.say("w", "join", StepState::waiting);
  CHECK(after.registry.find("w")->record.name == "x");
  after.say("x", "join", StepState::waiting);
  CHECK_FALSE(after.last<RequestMint>());
}

TEST_CASE("F21 A hostname may change before the join; a reset frees the name") {
  Formed world;
  world.calls_itself("w", "localhost", StepState::pending);
  world.calls_itself("w", "ip-10-0-0-7", StepState::waiting);
  REQUIRE(world.last<RequestMint>());
  CHECK(world.last<RequestMint>()->node_name == "ip-10-0-0-7");
  world.answer(*world.last<RequestMint>());
  world.say("w", "join", StepState::done);

  world.calls_itself("w", "another", StepState::done);
  CHECK(world.record("w").name == "ip-10-0-0-7");
  CHECK_THAT(world.reason("w"), ContainsSubstring("kagentctl reset --rejoin w"));
  LeaveWish wish;
  wish.rejoin = true;
  REQUIRE(world.registry.leave("w", wish, world.now));
  world.take();
  CHECK(world.last<RequestDrain>()->node_name == "ip-10-0-0-7");
  Drained drained;
  drained.request = world.last<RequestDrain>()->request;
  drained.done = true;
  world.registry.drained("m", drained, world.now);
  world.take();
  world.is_reset("w");
  CHECK(world.last<RequestUnregister>()->node_name == "ip-10-0-0-7");
  world.registry.unregistered("m", world.last<RequestUnregister>()->request, {}, world.now);
  world.pass(30s);
  for (const char* id : {"m", "w"}) world.registry.heard(id, world.now);
  world.say("w", "join", StepState::waiting);
  CHECK(world.last<RequestMint>()->node_name == "another");
}

TEST_CASE("A node without a valid node name is told so, and gets no token") {
  Formed world;
  world.calls_itself("w", "", StepState::waiting);
  CHECK_FALSE(world.last<RequestMint>());
  CHECK_THAT(world.reason("w"), ContainsSubstring("RFC 1123"));
}

TEST_CASE("T16 An invalid name that an older version stored is forgotten") {
  Snapshot kept;
  NodeRecord record;
  record.id = "w";
  record.order = 1;
  record.name = "w HTTP/1.1\r\nHost: x";
  record.name_bound = true;
  kept.nodes.push_back({record, {}});
  const World world({}, kept);
  CHECK(world.registry.find("w")->record.name.empty());
  CHECK_FALSE(world.registry.find("w")->record.name_bound);
}
