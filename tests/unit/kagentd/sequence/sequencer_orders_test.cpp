// Tries every order of checks, ends, failures, timers and crashes for a small graph: a search
// through all states that the sequencer and its node can reach.
#include "agent/kagentd/sequence/sequencer.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

using namespace kagent;
using namespace kagent::kagentd;
using namespace std::chrono_literals;

namespace {

constexpr unsigned attempts = 2;

StepSpec spec(const std::string& name, std::vector<std::string> after) {
  StepSpec step;
  step.name = name;
  step.after = std::move(after);
  step.attempts = attempts;
  step.first_delay = 10s;
  step.time_limit = 60s;
  return step;
}

// Two branches that meet.
const Graph diamond{spec("left", {}), spec("right", {}), spec("both", {"left", "right"})};

Failure a_cause() {
  Failure cause;
  cause.id = CauseId::received("some.cause");
  return cause;
}

// The true state of a step on the node, which kagentd may not know.
struct Truth {
  bool done = false;
  bool running = false;
  unsigned attempt = 0;  // of the run
};

// How often each fault may still happen.
struct Luck {
  int crashes = 0, lost_journals = 0, lost_ends = 0, lost_applies = 0, lost_checks = 0,
      unwritable = 0, departures = 0;
};

struct World {
  explicit World(Luck some) : luck(some), sequencer(diamond, {}, now) { carry_out(); }

  Luck luck;
  Time now{};
  std::map<std::string, Truth> truth{{"left", {}}, {"right", {}}, {"both", {}}};
  Records journal;
  bool journal_was_lost = false;
  Sequencer sequencer;
  std::vector<CheckStep> checks;
  std::vector<Record> records;
  std::optional<Time> timer;

  // Checks the promises that hold in every state.
  void carry_out() {
    for (const Action& action : sequencer.take_actions()) {
      if (const auto* check = std::get_if<CheckStep>(&action)) checks.push_back(*check);
      if (const auto* record = std::get_if<Record>(&action)) records.push_back(*record);
      if (const auto* arm = std::get_if<ArmTimer>(&action)) timer = arm->at;
      if (std::holds_alternative<Report>(action)) journal = sequencer.records();
      if (const auto* apply = std::get_if<ApplyStep>(&action)) begin(*apply);
    }
  }

  // Cheaper than a REQUIRE, of which a search would make a hundred thousand.
  static void promise(bool kept, const char* what) {
    if (!kept) FAIL("broken: " << what);
  }

  void begin(const ApplyStep& apply) {
    Truth& step = truth.at(apply.step);
    for (const StepSpec& each : diamond)
      if (each.name == apply.step)
        for (const std::string& needed : each.after)
          promise(truth.at(needed).done, "after what it needs");
    promise(!step.done, "not again when it is done");
    promise(!step.running, "not while it runs");
    const auto kept = journal.find(apply.step);
    promise(kept != journal.end() && kept->second.attempts >= apply.attempt, "on disk first");
    promise(journal_was_lost || apply.attempt <= attempts, "no more often than it may");
    step.attempt = apply.attempt;
    if (luck.lost_applies > 0) pending_apply.push_back(apply.step);
    step.running = true;
  }
  std::vector<std::string> pending_apply;  // begun, but the call may still be lost

  // The search leaves out the looks at failed steps, which come every five minutes.
  [[nodiscard]] bool soon() const { return timer && *timer - now < 5min; }

  [[nodiscard]] std::string fingerprint() const {
    std::string text;
    for (const StepView& view : sequencer.steps()) {
      const Truth& step = truth.at(view.name);
      const auto due = view.due ? (*view.due - now) / 1s : -1;
      text += fmt::format("{} {} {} {} {} {}{}{};", view.name, static_cast<int>(view.state),
                          view.record.attempts, view.record.spent, due, step.done, step.running,
                          step.attempt);
    }
    for (const CheckStep& check : checks) text += "c" + check.step;
    for (const Record& record : records) text += fmt::format("r{}{}", record.step, record.attempt);
    for (const auto& [name, record] : journal)
      text += fmt::format("j{}{}{}", name, record.attempts, record.spent);
    for (const auto& name : pending_apply) text += "p" + name;
    const int timer_in = soon() ? static_cast<int>((*timer - now) / 1s) : -1;
    return text + fmt::format("t{} {}{}{}{}{}{}{}", timer_in, luck.crashes, luck.lost_journals,
                              luck.lost_ends, luck.lost_applies, luck.lost_checks, luck.unwritable,
                              luck.departures);
  }
};

using Event = std::function<void(World&)>;

void answer(World& world, std::size_t index) {
  const CheckStep check = world.checks[index];
  world.checks.erase(world.checks.begin() + static_cast<std::ptrdiff_t>(index));
  const Truth& step = world.truth.at(check.step);
  const Check result = step.done ? Check::done : step.running ? Check::running : Check::needed;
  world.sequencer.checked(check.step, check.id, result, {}, world.now);
}

void end(World& world, const std::string& name, bool well, bool heard) {
  Truth& step = world.truth.at(name);
  step.running = false;
  step.done = well;
  std::erase(world.pending_apply, name);
  if (!heard) return;
  Finish finish;
  finish.attempt = step.attempt;
  if (!well) finish.failure = a_cause();
  world.sequencer.finished(name, std::move(finish), world.now);
}

void crash(World& world, bool with_journal) {
  if (!with_journal) {
    world.journal.clear();
    world.journal_was_lost = true;
  }
  world.checks.clear();
  world.records.clear();
  world.pending_apply.clear();
  world.timer.reset();
  world.sequencer = Sequencer(diamond, world.journal, world.now);
}

// All events that may come next.
std::vector<Event> events(const World& world) {
  std::vector<Event> all;
  for (std::size_t i = 0; i < world.checks.size(); ++i) {
    all.emplace_back([i](World& w) { answer(w, i); });
    if (world.luck.lost_checks > 0)
      all.emplace_back([i](World& w) {
        --w.luck.lost_checks;
        const CheckStep check = w.checks[i];
        w.checks.erase(w.checks.begin() + static_cast<std::ptrdiff_t>(i));
        w.sequencer.check_failed(check.step, check.id, a_cause(), w.now);
      });
  }
  for (std::size_t i = 0; i < world.records.size(); ++i) {
    all.emplace_back([i](World& w) {
      const Record record = w.records[i];
      w.records.erase(w.records.begin() + static_cast<std::ptrdiff_t>(i));
      w.journal = w.sequencer.records();
      w.sequencer.recorded(record.step, record.attempt, w.now);
    });
    if (world.luck.unwritable > 0)
      all.emplace_back([i](World& w) {
        --w.luck.unwritable;
        const Record record = w.records[i];
        w.records.erase(w.records.begin() + static_cast<std::ptrdiff_t>(i));
        w.sequencer.record_failed(record.step, record.attempt, a_cause(), w.now);
      });
  }
  for (const auto& [name, step] : world.truth) {
    if (!step.running) continue;
    for (const bool well : {true, false}) {
      all.emplace_back([name = name, well](World& w) { end(w, name, well, true); });
      if (world.luck.lost_ends > 0)
        all.emplace_back([name = name, well](World& w) {
          --w.luck.lost_ends;
          end(w, name, well, false);
        });
    }
  }
  for (const std::string& name : world.pending_apply)
    for (const bool arrived : {true, false})
      all.emplace_back([name, arrived](World& w) {
        --w.luck.lost_applies;
        const unsigned attempt = w.truth.at(name).attempt;
        if (!arrived) w.truth.at(name).running = false;
        std::erase(w.pending_apply, name);
        w.sequencer.apply_lost(name, attempt, w.now);
      });
  if (world.soon())
    all.emplace_back([](World& w) {
      w.now = std::max(w.now, *w.timer);
      w.timer.reset();
      w.sequencer.tick(w.now);
    });
  if (world.luck.departures > 0)
    all.emplace_back([](World& w) {
      --w.luck.departures;
      w.sequencer.recheck_running(w.now);
    });
  if (world.luck.crashes > 0)
    all.emplace_back([](World& w) {
      --w.luck.crashes;
      crash(w, true);
    });
  if (world.luck.lost_journals > 0)
    all.emplace_back([](World& w) {
      --w.luck.lost_journals;
      crash(w, false);
    });
  return all;
}

// No event may come any more: the step is done, or a step has failed.
void check_end(const World& world) {
  bool failed = false;
  for (const StepView& view : world.sequencer.steps()) {
    INFO(world.fingerprint());
    if (view.state == State::failed) {
      failed = true;
      CHECK(view.record.failure);
      CHECK(view.record.spent >= attempts);
    } else if (view.state == State::done) {
      CHECK(world.truth.at(view.name).done);
    } else {
      CHECK(view.state == State::pending);
      CHECK(failed);  // a step that it needs
    }
  }
}

struct Search {
  std::size_t states = 0, ends = 0, successes = 0;

  explicit Search(Luck luck) {
    std::set<std::string> seen;
    std::vector<World> open{World(luck)};
    while (!open.empty()) {
      const World world = std::move(open.back());
      open.pop_back();
      if (!seen.insert(world.fingerprint()).second) continue;
      ++states;
      const auto all = events(world);
      if (all.empty()) {
        ++ends;
        check_end(world);
        successes += world.sequencer.is_done("both") ? 1 : 0;
      }
      for (const Event& event : all) {
        World next = world;
        event(next);
        next.carry_out();
        open.push_back(std::move(next));
      }
    }
    REQUIRE(states > 100);
    REQUIRE(ends > 0);
    REQUIRE(successes > 0);
  }
};

}  // namespace

TEST_CASE("In every order of ends and failures a step runs after those it needs, and never twice") {
  Search search(Luck{});
}

TEST_CASE("F1 A crash after any transition repeats nothing if the progress file is there") {
  Luck luck;
  luck.crashes = 1;
  Search search(luck);
}

TEST_CASE("F2 F3 A crash that loses the progress file repeats nothing either") {
  Luck luck;
  luck.lost_journals = 1;
  Search search(luck);
}

TEST_CASE("A check finds an end that was not signalled") {
  Luck luck;
  luck.lost_ends = 1;
  luck.departures = 1;
  Search search(luck);
}

TEST_CASE("Lost calls neither stop the sequence nor repeat a step") {
  Luck luck;
  luck.lost_checks = 1;
  luck.lost_applies = 1;
  Search search(luck);
}

TEST_CASE("F4 No step begins while the disk is full, and the sequence goes on when there is room") {
  Luck luck;
  luck.unwritable = 2;
  Search search(luck);
}
