#include "agent/kagentd/sequence/sequencer.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <optional>
#include <set>

namespace kagent::kagentd {
namespace {

using namespace std::chrono_literals;

// A node with one step, which is done and which the test may undo.
struct Watched {
  explicit Watched(plan::Drift drift) : sequencer({spec(drift)}, {}, now) { go(); }

  static StepSpec spec(plan::Drift drift) {
    StepSpec spec;
    spec.name = "sysctl";
    spec.attempts = 3;
    spec.drift = drift;
    return spec;
  }

  void go() {
    for (auto actions = sequencer.take_actions(); !actions.empty();
         actions = sequencer.take_actions())
      for (const Action& action : actions) act(action);
  }

  void act(const Action& action) {
    if (const auto* arm = std::get_if<ArmTimer>(&action)) timer = arm->at;
    if (const auto* record = std::get_if<Record>(&action))
      sequencer.recorded(record->step, record->attempt, now);
    if (const auto* check = std::get_if<CheckStep>(&action)) {
      ++checks;
      const Check found = masked ? Check::blocked : on_node;
      sequencer.checked(check->step, check->id, found, found == Check::done ? left : wrong, now);
    }
    if (const auto* apply = std::get_if<ApplyStep>(&action)) {
      ++applies;
      on_node = Check::done;
      Finish finish;
      finish.attempt = apply->attempt;
      sequencer.finished(apply->step, std::move(finish), now);
    }
  }

  void pass(std::chrono::seconds time) {
    const Time until = now + time;
    while (timer && *timer <= until) {
      now = std::max(now, *timer);
      timer.reset();
      sequencer.tick(now);
      go();
    }
    now = until;
  }

  // Undoes the step, as inotify or D-Bus signals it.
  void undo() {
    on_node = Check::needed;
    sequencer.look("sysctl", now);
    go();
    pass(5s);
  }

  [[nodiscard]] StepView view() const { return sequencer.steps().front(); }

  Time now{};
  Check on_node = Check::needed;
  bool masked = false;
  const std::vector<std::string> wrong{"set net.ipv4.ip_forward to 1"};
  std::vector<std::string> left;  // to people, of a step that is done
  int checks = 0, applies = 0;
  std::optional<Time> timer;
  Sequencer sequencer;
};

}  // namespace

TEST_CASE("F17 Drift is repaired, and costs the step no attempt") {
  Watched node(plan::Drift::repair);
  REQUIRE(node.view().state == State::done);
  for (int day = 0; day < 10; ++day) {
    node.pass(24h);
    node.undo();
    CHECK(node.view().state == State::done);
  }
  CHECK(node.applies == 11);
}

TEST_CASE("F17 The next round finds drift that was not signalled") {
  Watched node(plan::Drift::repair);
  node.on_node = Check::needed;
  node.pass(299s);
  CHECK(node.applies == 1);
  node.pass(2s);
  CHECK(node.applies == 2);
}

TEST_CASE("F17 Five repairs in ten minutes are a failure, until somebody mends the step") {
  Watched node(plan::Drift::repair);
  for (int n = 0; n < 5; ++n) node.undo();
  CHECK(node.view().state == State::done);
  node.undo();
  CHECK(node.applies == 6);
  REQUIRE(node.view().state == State::failed);
  CHECK(node.view().record.failure->id == "sysctl.undone-again");
  CHECK(node.view().record.failure->message.find("ip_forward") != std::string::npos);
  node.pass(1h);
  CHECK(node.applies == 6);
  CHECK(node.view().state == State::failed);
  node.on_node = Check::done;
  node.pass(301s);
  CHECK(node.view().state == State::done);
  CHECK(!node.view().record.failure);
}

TEST_CASE("F17 Five repairs that are further apart are no failure") {
  Watched node(plan::Drift::repair);
  for (int n = 0; n < 20; ++n) {
    node.undo();
    node.pass(3min);
  }
  CHECK(node.view().state == State::done);
}

TEST_CASE("F17 Drift that is only to be reported is shown until it is gone") {
  Watched node(plan::Drift::report);
  node.undo();
  CHECK(node.applies == 1);
  CHECK(node.view().state == State::done);
  CHECK(node.view().drift == "set net.ipv4.ip_forward to 1");
  node.on_node = Check::done;
  node.pass(301s);
  CHECK(node.view().drift.empty());
}

TEST_CASE("F17 A masked unit is left alone, and shown") {
  Watched node(plan::Drift::repair);
  node.masked = true;
  node.undo();
  CHECK(node.applies == 1);
  CHECK(node.view().state == State::done);
  CHECK(node.view().drift == "set net.ipv4.ip_forward to 1");
}

TEST_CASE("F17 What a step leaves to people is shown, and keeps no other step waiting") {
  Watched node(plan::Drift::repair);
  node.left = {"there is no user joe"};
  node.pass(301s);
  CHECK(node.view().state == State::done);
  CHECK(node.view().drift == "there is no user joe");
  CHECK(node.applies == 1);
  node.undo();
  CHECK(node.applies == 2);
  node.left.clear();
  node.pass(301s);
  CHECK(node.view().drift.empty());

  Sequencer begun({Watched::spec(plan::Drift::repair)}, {}, node.now);
  for (const Action& action : begun.take_actions())
    if (const auto* check = std::get_if<CheckStep>(&action))
      begun.checked("sysctl", check->id, Check::done, {"there is no user joe"}, node.now);
  CHECK(begun.steps().front().state == State::done);
  CHECK(begun.steps().front().drift == "there is no user joe");
}

TEST_CASE("A step whose drift is ignored is not looked at") {
  Watched node(plan::Drift::ignore);
  const int before = node.checks;
  node.undo();
  node.pass(24h);
  CHECK(node.checks == before);
}

TEST_CASE("A new policy takes effect at once") {
  Watched node(plan::Drift::ignore);
  node.undo();
  Watch watch;
  watch.steps["sysctl"] = plan::Drift::repair;
  watch.every = 60s;
  node.sequencer.watch(watch, node.now);
  node.go();
  CHECK(node.applies == 2);
  node.on_node = Check::needed;
  node.pass(61s);
  CHECK(node.applies == 3);
}

TEST_CASE("A look that fails changes nothing, and is repeated") {
  Watched node(plan::Drift::repair);
  node.on_node = Check::needed;
  node.sequencer.look("sysctl", node.now);
  node.now += 3s;
  node.sequencer.tick(node.now);
  for (const Action& action : node.sequencer.take_actions())
    if (const auto* check = std::get_if<CheckStep>(&action))
      node.sequencer.check_failed(check->step, check->id, Failure(), node.now);
  CHECK(node.view().state == State::done);
  node.go();
  node.pass(301s);
  CHECK(node.applies == 2);
}

}  // namespace kagent::kagentd
