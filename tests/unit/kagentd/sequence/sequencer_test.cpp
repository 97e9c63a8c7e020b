#include "agent/kagentd/sequence/sequencer.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace kagent;
using namespace kagent::kagentd;
using namespace std::chrono_literals;
namespace plan = kagent::plan;

namespace {

Failure cause(std::string id) {
  Failure made;
  made.id = CauseId::received(std::move(id));
  return made;
}

// A node that applies each step at once. Its checks say what was applied before.
struct Node {
  explicit Node(std::optional<Part> part = {}, Records records = {})
      : sequencer(graph_for(part), std::move(records), now) {
    go();
  }

  Time now{};
  Sequencer sequencer;
  std::vector<std::string> applied;
  std::vector<std::string> done;
  std::map<std::string, Check> answers;     // of checks, instead of the true ones
  std::map<std::string, Failure> failures;  // of the next apply
  std::map<std::string, bool> never_ends;   // its apply
  std::optional<Time> timer;

  [[nodiscard]] static bool is(const std::string& name, const std::vector<std::string>& in) {
    return std::ranges::find(in, name) != in.end();
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
      Check result = is(check->step, done) ? Check::done : Check::needed;
      if (answers.contains(check->step)) result = answers.at(check->step);
      sequencer.checked(check->step, check->id, result, {}, now);
    }
    if (const auto* apply = std::get_if<ApplyStep>(&action)) {
      applied.push_back(apply->step);
      if (never_ends.contains(apply->step)) return;
      Finish finish;
      finish.attempt = apply->attempt;
      if (const auto failure = failures.find(apply->step); failure != failures.end()) {
        finish.failure = failure->second;
        failures.erase(failure);
      } else {
        done.push_back(apply->step);
      }
      sequencer.finished(apply->step, std::move(finish), now);
    }
  }

  void assign(plan::Role role, bool init, bool fresh = true) {
    sequencer.open(plan::Gate::assignment, now);
    if (init) sequencer.open(plan::Gate::init_lease, now);
    Part part;
    part.role = role;
    part.init = init;
    sequencer.replace(graph_for(part), fresh, now);
    go();
  }

  void grant() {
    answers.erase("join");
    sequencer.open(plan::Gate::join_grant, now);
    go();
  }

  // Time goes by; timers fire when they are due.
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

  [[nodiscard]] StepView view(const std::string& name) const {
    for (StepView& each : sequencer.steps())
      if (each.name == name) return each;
    FAIL("no step " << name);
    return {};
  }
  [[nodiscard]] auto times(const std::string& name) const {
    return std::ranges::count(applied, name);
  }
  [[nodiscard]] bool all_done() const {
    return std::ranges::all_of(sequencer.steps(),
                               [](const StepView& each) { return each.state == State::done; });
  }
};

}  // namespace

TEST_CASE(
    "Without an assignment a node does the steps that need none, and says what it waits for") {
  const Node node;
  CHECK(node.sequencer.is_done("sysctl"));
  CHECK(node.view("swap").state == State::waiting);  // the ClusterConfig may allow swap
  CHECK(node.view("packages").state == State::waiting);
  CHECK(node.view("packages").detail.find("assignment") != std::string::npos);
  CHECK(node.view("kubelet").state == State::pending);
}

TEST_CASE(
    "A worker that is there first has all done but join when its master comes, ten minutes "
    "later") {
  Node worker;
  worker.answers["join"] = Check::blocked;
  worker.assign(plan::Role::worker, false);
  for (const char* step : {"runtime", "images", "kubelet"}) CHECK(worker.sequencer.is_done(step));
  CHECK(worker.view("join").state == State::waiting);
  const auto before = worker.applied.size();

  worker.pass(10min);
  CHECK(worker.applied.size() == before);  // it waits and does not try
  CHECK(worker.view("join").state == State::waiting);
  CHECK(worker.view("join").record.attempts == 0);

  worker.grant();
  CHECK(worker.all_done());
  CHECK(worker.times("join") == 1);
}

TEST_CASE("The first control plane runs init once, however often its orders are repeated") {
  Node node;
  node.assign(plan::Role::control_plane, true);
  CHECK(node.all_done());
  node.sequencer.open(plan::Gate::init_lease, node.now);
  node.sequencer.recheck_running(node.now);
  node.go();
  node.assign(plan::Role::control_plane,
              true);  // another configuration: checked, not applied again
  node.pass(1h);
  CHECK(node.times("init") == 1);
  CHECK(node.all_done());
}

TEST_CASE(
    "After a restart the node waits for an init that is under way, and does not begin another") {
  Node first;
  first.never_ends["init"] = true;
  first.assign(plan::Role::control_plane, true);
  REQUIRE(first.view("init").state == State::running);
  REQUIRE(first.times("init") == 1);

  Part part;
  part.role = plan::Role::control_plane;
  part.init = true;
  Node again({}, first.sequencer.records());
  again.done = first.done;
  again.answers["init"] = Check::running;
  again.assign(plan::Role::control_plane, true, false);
  CHECK(again.view("init").state == State::running);
  CHECK(again.times("init") == 0);

  again.answers.clear();
  again.done.emplace_back("init");
  again.sequencer.finished("init", Finish(), again.now);  // without the number of the attempt
  again.go();
  CHECK(again.all_done());
  CHECK(again.times("init") == 0);
}

TEST_CASE("The end of a run counts even if the progress file is older than the run") {
  Node node;
  node.answers["init"] = Check::running;
  node.assign(plan::Role::control_plane, true);
  REQUIRE(node.view("init").state == State::running);
  Finish finish;
  finish.attempt = 4;
  finish.failure = cause("init.failed");
  node.sequencer.finished("init", std::move(finish), node.now);
  node.go();
  CHECK(node.view("init").state == State::retrying);
  CHECK(node.view("init").record.attempts == 4);
}

TEST_CASE("Without the lease a control plane does not run init, not even after a while") {
  Node node;
  Part part;
  part.role = plan::Role::control_plane;
  part.init = true;
  node.sequencer.open(plan::Gate::assignment, node.now);
  node.sequencer.replace(graph_for(part), true, node.now);
  node.go();
  node.pass(1h);
  CHECK(node.view("init").state == State::waiting);
  CHECK(node.times("init") == 0);
}

TEST_CASE("F4 F9 A failed step goes on by itself once its problem is solved") {
  Node node;
  node.answers["join"] = Check::blocked;
  for (int attempt = 0; attempt < 20; ++attempt) {
    node.failures["runtime"] = cause("runtime.disk-full");
    if (attempt == 0) node.assign(plan::Role::worker, false);
    node.pass(600s);
  }
  node.failures.clear();
  node.pass(601s);
  CHECK(node.sequencer.is_done("runtime"));
  CHECK(node.view("join").state == State::waiting);
}

TEST_CASE("The next look finds that a failed step was mended by hand, without an attempt") {
  Node node;
  node.answers["join"] = Check::blocked;
  node.failures["kubelet"] = cause("kubelet.crashing");
  node.assign(plan::Role::worker, false);
  while (node.view("kubelet").state != State::failed) {
    node.failures["kubelet"] = cause("kubelet.crashing");
    node.pass(1s);
  }
  const auto attempts = node.times("kubelet");
  node.done.emplace_back("kubelet");
  node.pass(301s);
  CHECK(node.sequencer.is_done("kubelet"));
  CHECK(node.times("kubelet") == attempts);
}

TEST_CASE(
    "A failed step is tried at once, with all its attempts, when an administrator asks for it") {
  Node node;
  node.answers["join"] = Check::blocked;
  const auto fail_for_good = [&] {
    while (node.view("runtime").state != State::failed) {
      node.failures["runtime"] = cause("runtime.broken");
      node.pass(1s);
    }
  };
  node.failures["runtime"] = cause("runtime.broken");
  node.assign(plan::Role::worker, false);
  fail_for_good();
  const auto attempts = node.times("runtime");

  node.failures["runtime"] = cause("runtime.broken");
  node.sequencer.retry(node.now);
  node.go();
  CHECK(node.times("runtime") == attempts + 1);
  CHECK(node.view("runtime").state == State::retrying);  // not the last one

  node.failures.clear();
  node.sequencer.retry(node.now);  // before its time
  node.go();
  CHECK(node.sequencer.is_done("runtime"));
  const auto applied = node.times("runtime");
  node.sequencer.retry(node.now);
  node.go();
  CHECK(node.times("runtime") == applied);
}

TEST_CASE("A failure is tried again after longer and longer delays, and given up with its cause") {
  Node failing;
  failing.failures["runtime"] = cause("runtime.broken");
  failing.assign(plan::Role::worker, false);
  unsigned attempt = 1;
  Time last = failing.now;
  auto delay = Time::duration::zero();
  while (failing.view("runtime").state == State::retrying) {
    const Time due = *failing.view("runtime").due;
    CHECK(due - last > delay);
    delay = due - last;
    failing.failures["runtime"] = cause("runtime.broken");
    failing.pass(std::chrono::ceil<std::chrono::seconds>(due - failing.now));
    last = failing.now;
    ++attempt;
    REQUIRE(attempt < 20);
  }
  CHECK(failing.view("runtime").state == State::failed);
  CHECK(failing.view("runtime").record.attempts == plan::find("runtime")->retry.attempts);
  CHECK(failing.view("runtime").record.failure->id == "runtime.broken");
  CHECK(failing.view("kubelet").state == State::pending);
  failing.failures["runtime"] = cause("runtime.broken");
  failing.pass(599s);
  CHECK(failing.times("runtime") == plan::find("runtime")->retry.attempts);
  failing.pass(2s);
  CHECK(failing.times("runtime") == plan::find("runtime")->retry.attempts + 1);
  CHECK(failing.view("runtime").state == State::failed);

  // A restart does not give the attempts back; a new configuration does.
  Node again({}, failing.sequencer.records());
  again.assign(plan::Role::worker, false, false);
  CHECK(again.view("runtime").state == State::failed);
  again.answers["join"] = Check::blocked;
  again.assign(plan::Role::worker, false, true);
  CHECK(again.view("runtime").state == State::done);
}

TEST_CASE(
    "F13 A join with an expired grant is not a spent attempt: the node waits for another grant") {
  Node worker;
  worker.answers["join"] = Check::blocked;
  worker.assign(plan::Role::worker, false);
  for (int i = 0; i < 20; ++i) {
    worker.failures["join"] = cause("join.token-expired");
    worker.grant();
    REQUIRE(worker.view("join").state == State::waiting);
    worker.pass(1min);
  }
  CHECK(worker.view("join").record.spent == 0);
  CHECK(worker.view("join").record.failure->id == "join.token-expired");
  worker.grant();
  CHECK(worker.all_done());
}

TEST_CASE("A step whose configuration changes while it runs is checked after its end") {
  Node node;
  node.never_ends["runtime"] = true;
  node.assign(plan::Role::worker, false);
  REQUIRE(node.view("runtime").state == State::running);
  node.answers["join"] = Check::blocked;
  node.assign(plan::Role::worker, false);
  CHECK(node.view("runtime").state == State::running);
  CHECK(node.times("runtime") == 1);
  node.never_ends.clear();
  Finish finish;
  finish.attempt = node.view("runtime").record.attempts;
  node.sequencer.finished("runtime", std::move(finish), node.now);
  node.go();
  CHECK(node.times("runtime") == 2);  // the check has found the old configuration
  CHECK(node.view("runtime").state == State::done);
}

TEST_CASE("A run whose end was not signalled is checked when its time is over") {
  Node node;
  node.never_ends["runtime"] = true;
  node.answers["join"] = Check::blocked;
  node.assign(plan::Role::worker, false);
  node.done.emplace_back("runtime");
  const auto limit = plan::find("runtime")->time_limit;
  node.pass(limit);
  CHECK(node.view("runtime").state == State::running);
  node.pass(2min);
  CHECK(node.view("runtime").state == State::done);
  CHECK(node.times("runtime") == 1);
}
