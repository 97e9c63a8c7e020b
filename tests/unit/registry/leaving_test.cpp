#include "tests/support/result.hpp"
#include "tests/unit/registry/world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace kagent::coordinator;
using namespace std::chrono_literals;

namespace {

// A control plane "m" and workers "a" and "b", all in the cluster.
struct Formed : World {
  explicit Formed(Policy policy = {}) : World(policy) {
    for (const char* id : {"m", "a", "b"}) join(id);
    initialise("m");
    for (const char* id : {"a", "b"}) let_in(id);
    clear();
  }

  void report_reset(const std::string& id, std::uint64_t serial) {
    Report report;
    report.node_name = id;
    report.reset_serial = serial;
    registry.reported(id, std::move(report), now);
    take();
  }
  void drained(const std::string& problem = {}, const std::vector<std::string>& pods = {}) {
    Drained outcome;
    outcome.request = last<RequestDrain>()->request;
    outcome.done = problem.empty() && pods.empty();
    outcome.pods = pods;
    outcome.problem = problem;
    registry.drained(last<RequestDrain>()->worker, outcome, now);
    take();
  }
  void unregistered(const std::string& problem = {}) {
    const auto order = last<RequestUnregister>();
    registry.unregistered(order->worker, order->request, problem, now);
    take();
  }
  kagent::Result<> leave(const std::string& id, LeaveWish wish = {}) {
    auto ordered = registry.leave(id, wish, now);
    take();
    return ordered;
  }
  // Goes through all stages.
  void goes(const std::string& id, LeaveWish wish = {}) {
    REQUIRE(leave(id, wish));
    drained();
    report_reset(id, last<SendReset>()->serial);
    unregistered();
  }
  [[nodiscard]] LeaveStage stage(const std::string& id) const {
    return registry.find(id)->record.leave.stage;
  }
  void rejoin(const std::string& id) {
    REQUIRE(registry.rejoin(id, now));
    take();
  }
};

LeaveWish forced() {
  LeaveWish wish;
  wish.force = true;
  return wish;
}
LeaveWish removal(bool force = false) {
  LeaveWish wish;
  wish.remove = true;
  wish.force = force;
  return wish;
}

}  // namespace

TEST_CASE("A node is drained, resets itself, is taken out of Kubernetes, and waits") {
  Formed world;
  REQUIRE(world.leave("a"));
  CHECK(world.last<RequestDrain>()->worker == "m");
  CHECK(world.last<RequestDrain>()->node_name == "a");
  CHECK_FALSE(world.last<SendReset>());
  CHECK(world.phase("a") == Phase::leaving);

  world.drained();
  REQUIRE(world.last<SendReset>());
  CHECK(world.last<SendReset>()->lease_fence == 0);
  CHECK_FALSE(world.last<RequestUnregister>());  // its kubelet would register the Node again

  world.report_reset("a", world.last<SendReset>()->serial);
  CHECK(world.last<RequestUnregister>()->node_name == "a");
  world.unregistered();
  CHECK(world.phase("a") == Phase::reset);
  CHECK(world.reason("a").find("kagentctl rejoin a") != std::string::npos);
  CHECK(world.role("a") == Role::worker);
  // The node gets neither an Assignment nor a grant until it may rejoin.
  world.clear();
  world.connect("a");
  world.say("a", "join", StepState::waiting);
  CHECK(world.all<SendAssignment>().empty());
  CHECK(world.all<RequestMint>().empty());

  world.rejoin("a");
  CHECK(world.last<SendAssignment>()->node == "a");
  world.say("a", "join", StepState::waiting);
  CHECK(world.last<RequestMint>()->node == "a");
}

TEST_CASE("With rejoin a node comes back by itself, with a higher serial than its reset") {
  Formed world;
  LeaveWish wish;
  wish.rejoin = true;
  world.goes("a", wish);
  REQUIRE(world.last<SendAssignment>());
  CHECK(world.last<SendAssignment>()->serial > world.last<SendReset>()->serial);
  CHECK(world.stage("a") == LeaveStage::none);
}

TEST_CASE("A failed drain ends the order, and says why; with force the order goes on") {
  Formed world;
  REQUIRE(world.leave("a"));
  world.drained("", {"default/web-0: the budget web"});
  CHECK(world.reason("a").find("default/web-0") != std::string::npos);
  world.drained("after 60 s 1 pod(s) are still there");
  CHECK(world.stage("a") == LeaveStage::none);
  CHECK(world.registry.find("a")->record.leave.problem == "after 60 s 1 pod(s) are still there");
  CHECK_FALSE(world.last<SendReset>());

  REQUIRE(world.leave("a", forced()));
  CHECK(world.registry.find("a")->record.leave.problem.empty());
  world.drained("after 60 s 1 pod(s) are still there");
  CHECK(world.last<SendReset>());
}

TEST_CASE("A drain that no control plane can do ends at its limit") {
  Formed world;
  world.registry.disconnected("m", world.now);
  LeaveWish wish;
  wish.drain_limit = 60s;
  REQUIRE(world.leave("a", wish));
  CHECK_FALSE(world.last<RequestDrain>());
  for (int i = 0; i < 61; ++i) {
    world.pass(1s);
    world.registry.heard("a", world.now);
    world.tick();
  }
  CHECK(world.stage("a") == LeaveStage::none);
  CHECK(world.registry.find("a")->record.leave.problem == "no control plane could do it in time");
}

TEST_CASE("The drain is requested again, for the time left, when the control plane went away") {
  Formed world;
  LeaveWish wish;
  wish.drain_limit = 60s;
  REQUIRE(world.leave("a", wish));
  world.registry.disconnected("m", world.now);
  world.pass(20s);
  world.connect("m");
  world.tick();
  CHECK(world.all<RequestDrain>().size() == 2);
  CHECK(world.last<RequestDrain>()->limit == 40s);
}

TEST_CASE("A node that has never joined is only reset") {
  Formed world;
  world.join("c");
  REQUIRE(world.leave("c"));
  CHECK_FALSE(world.last<RequestDrain>());
  REQUIRE(world.last<SendReset>());
}

TEST_CASE("The reset order is sent again in every session until it is carried out") {
  Formed world;
  REQUIRE(world.leave("a"));
  world.drained();
  const auto first = world.last<SendReset>()->serial;
  world.registry.disconnected("a", world.now);
  world.connect("a");
  world.connect("a");
  CHECK(world.all<SendReset>().size() == 3);
  CHECK(world.stage("a") == LeaveStage::reset);
  world.report_reset("a", first - 1);  // of an earlier reset
  CHECK(world.stage("a") == LeaveStage::reset);
  world.report_reset("a", first);
  CHECK(world.stage("a") == LeaveStage::unregister);
}

TEST_CASE("The same order again changes nothing; a second order may add to it") {
  Formed world;
  REQUIRE(world.leave("a"));
  world.clear();
  REQUIRE(world.leave("a"));
  CHECK(world.all<SaveNode>().empty());
  CHECK(world.all<RequestDrain>().empty());
  REQUIRE(world.leave("a", removal()));
  CHECK(world.registry.find("a")->record.leave.remove);
  CHECK(world.stage("a") == LeaveStage::drain);
}

TEST_CASE("A removed node is forgotten, and refused when it comes back") {
  Formed world;
  world.goes("a", removal());
  CHECK(world.registry.find("a") == nullptr);
  REQUIRE(world.registry.removed("a") != nullptr);
  CHECK(world.registry.enrol("a", "key-of-a", WantedRole::automatic, world.now) ==
        Enrolment::removed);
  CHECK(world.registry.enrol("a", "another", WantedRole::automatic, world.now) ==
        Enrolment::other_key);
  // No other node gets its number in the order of enrolment: the store would refuse.
  world.join("c");
  CHECK(world.registry.find("c")->record.order > world.registry.removed("a")->order);

  world.clear();
  world.rejoin("a");
  REQUIRE(world.last<RequestUnregister>());  // its kubelet may have registered the Node again
  world.unregistered();
  world.connect("a");
  CHECK(world.role("a") == Role::worker);
  CHECK(world.last<SendAssignment>()->node == "a");
}

TEST_CASE("A lost node can only be removed, by force, and resets itself when it returns") {
  Formed world;
  world.registry.disconnected("a", world.now);
  world.pass(10s);
  for (const char* id : {"m", "b"}) world.registry.heard(id, world.now);
  world.tick();
  REQUIRE(world.phase("a") == Phase::lost);
  CHECK(world.leave("a", forced()).error().message().find("kagentctl remove --force a") !=
        std::string::npos);
  CHECK(world.leave("a", removal()).error().code() == kagent::Errc::failed_precondition);
  REQUIRE(world.leave("a", removal(true)));
  CHECK_FALSE(world.last<RequestDrain>());
  CHECK(world.last<RequestUnregister>()->node_name == "a");
  world.unregistered();
  CHECK(world.registry.find("a") == nullptr);

  world.clear();
  CHECK(world.registry.enrol("a", "key-of-a", WantedRole::automatic, world.now) ==
        Enrolment::accepted);
  world.connect("a");
  const auto order = world.last<SendReset>();
  REQUIRE(order);
  CHECK(world.all<SendAssignment>().empty());
  CHECK_FALSE(world.last<Disconnect>());
  world.report_reset("a", order->serial);
  CHECK(world.last<RequestUnregister>()->node_name ==
        "a");  // its kubelet had registered the Node again
  CHECK(world.last<Disconnect>()->node == "a");
  CHECK(world.registry.enrol("a", "key-of-a", WantedRole::automatic, world.now) ==
        Enrolment::removed);
}

TEST_CASE("F22 a node of the same name keeps its Node when the old one is removed") {
  Formed world;
  world.registry.disconnected("a", world.now);
  world.names["new"] = "a";
  world.join("new");
  world.say("new", "join", StepState::waiting);
  CHECK_FALSE(world.last<RequestMint>());  // the name is taken
  REQUIRE(world.leave("a", removal(true)));
  world.unregistered();
  world.say("new", "join", StepState::waiting);
  REQUIRE(world.last<RequestMint>());
  world.answer(*world.last<RequestMint>());
  world.say("new", "join", StepState::done);
  CHECK(world.registry.find("new")->record.joined);
}

TEST_CASE("The only control plane stays while others depend on it; the last node needs force") {
  Formed world;
  CHECK(world.leave("m", forced()).error().message().find("2 other node(s)") != std::string::npos);
  for (const char* id : {"a", "b"}) world.goes(id);
  CHECK_FALSE(world.leave("m"));
  REQUIRE(world.leave("m", forced()));
  CHECK_FALSE(world.last<RequestDrain>()->node_name == "m");
  world.report_reset("m", world.last<SendReset>()->serial);
  CHECK(world.stage("m") == LeaveStage::left);
  CHECK_FALSE(world.registry.cluster().initialized());

  // A new cluster can be made afterwards.
  world.rejoin("m");
  CHECK(world.last<SendAssignment>()->init);
  world.initialise("m");
  CHECK(world.registry.cluster().initialized_by == "m");
}

TEST_CASE("The first control plane of several leaves the cluster to the others, and joins again") {
  Policy policy;
  policy.control_planes = 3;
  Formed world(policy);  // m, a and b are its control planes
  REQUIRE(world.role("a") == Role::control_plane);
  LeaveWish wish;
  wish.rejoin = true;
  REQUIRE(world.leave("m", wish));
  CHECK(world.last<RequestDrain>()->worker == "a");
  world.drained();
  world.report_reset("m", world.last<SendReset>()->serial);
  CHECK(world.registry.cluster().initialized_by == "a");
  world.unregistered();
  CHECK(world.last<SendAssignment>()->node == "m");
  CHECK_FALSE(world.last<SendAssignment>()->init);
  CHECK(world.last<SendAssignment>()->role == Role::control_plane);
}

TEST_CASE("A control plane that etcd needs for its quorum leaves by force only") {
  Policy policy;
  policy.control_planes = 3;
  Formed world(policy);
  SECTION("another one is lost") {
    world.registry.disconnected("b", world.now);
  }
  SECTION("another one is on its way out") {
    REQUIRE(world.leave("b"));
  }
  const auto refused = world.leave("a");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == kagent::Errc::failed_precondition);
  CHECK(refused.error().message().find("etcd's quorum") != std::string::npos);
  CHECK(world.stage("a") == LeaveStage::none);
  CHECK(world.leave("a", forced()));
}

TEST_CASE("A lost control plane can be removed, and then another one reset") {
  Policy policy;
  policy.control_planes = 3;
  Formed world(policy);
  world.registry.disconnected("b", world.now);
  REQUIRE(world.leave("b", removal(true)));
  world.unregistered();
  CHECK(world.leave("a"));
}

TEST_CASE("Orders that cannot be carried out are refused") {
  Formed world;
  CHECK(world.leave("nobody").error().code() == kagent::Errc::not_found);
  CHECK(world.registry.rejoin("nobody", world.now).error().code() == kagent::Errc::not_found);
  CHECK(world.registry.rejoin("a", world.now).error().code() == kagent::Errc::failed_precondition);
  world.goes("a");
  CHECK(world.leave("a").error().code() == kagent::Errc::failed_precondition);  // has left
  REQUIRE(world.leave("a", removal()));
  world.unregistered();
  CHECK(world.registry.find("a") == nullptr);
}

TEST_CASE("A Node that cannot be deleted is tried again") {
  Formed world;
  REQUIRE(world.leave("a"));
  world.drained();
  world.report_reset("a", world.last<SendReset>()->serial);
  world.unregistered("the API server does not answer");
  CHECK(world.reason("a").find("the API server does not answer") != std::string::npos);
  world.clear();
  world.pass(6s);
  for (const char* id : {"m", "a", "b"}) world.registry.heard(id, world.now);
  world.tick();
  REQUIRE(world.last<RequestUnregister>());
  world.unregistered();
  CHECK(world.stage("a") == LeaveStage::left);
}

TEST_CASE("A removed node that may rejoin resets itself before it joins") {
  Formed world;
  world.registry.disconnected("a", world.now);
  REQUIRE(world.leave("a", removal(true)));
  world.unregistered();
  world.clear();
  world.rejoin("a");
  world.connect("a");
  REQUIRE(world.last<SendReset>());
  CHECK(world.all<SendAssignment>().empty());
  world.report_reset("a", world.last<SendReset>()->serial);
  world.unregistered();
  CHECK(world.last<SendAssignment>()->node == "a");
}
