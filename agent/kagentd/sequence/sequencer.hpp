#pragma once

#include "agent/common/failure/failure.hpp"
#include "agent/kagentd/sequence/graph.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// The order of a node's steps as a pure state machine: no I/O, no clock. Events go in with the time
// they happened at, actions come out of take_actions().
namespace kagent::kagentd {

using Time = std::chrono::steady_clock::time_point;

enum class State : std::uint8_t {
  pending,  // waits for other steps, or for its turn to be checked
  waiting,  // waits for something from outside: its gate
  checking,
  recording,  // its attempt is being written to the journal
  running,
  retrying,  // failed; tried again when it is due
  failed,    // given up: looked at, as what is done is, and tried once more every ten minutes
  done,
};

// What outlives a restart. `spent` is what counts against the step's attempts: a grant that had
// expired is nobody's failure.
struct StepRecord {
  unsigned attempts = 0;
  unsigned spent = 0;
  std::optional<Failure> failure;  // of the last attempt that failed

  bool operator==(const StepRecord&) const = default;
};
using Records = std::map<std::string, StepRecord, std::less<>>;

enum class Check : std::uint8_t {
  done,
  needed,
  running,  // an earlier apply is still at work; its end will be told
  blocked,  // an envelope is missing
};

struct StepView {
  std::string name;
  State state = State::pending;
  StepRecord record;
  std::string detail;  // what it waits for, or what apply changes
  std::string unit;    // systemd unit of the last attempt, if it is known
  std::string invocation_id;
  std::optional<Time> due;  // when retrying or failed: of the next attempt
  std::string drift;        // done, and yet: what apply would change, or leaves to people
};

// What becomes of drift, and how often it is looked for.
struct Watch {
  std::map<std::string, plan::Drift, std::less<>> steps;  // others as the plan says
  std::chrono::seconds every{300};

  bool operator==(const Watch&) const = default;
};

struct CheckStep {
  std::string step;
  std::uint64_t id = 0;  // comes back with the answer
};
// Write the attempt to the journal, then say recorded(). Nothing is applied before.
struct Record {
  std::string step;
  unsigned attempt = 0;
};
struct ApplyStep {
  std::string step;
  unsigned attempt = 0;
};
// Call tick() at that time. The last one counts.
struct ArmTimer {
  Time at;
};
// Something that is shown or kept has changed.
struct Report {};
using Action = std::variant<CheckStep, Record, ApplyStep, ArmTimer, Report>;

// How a step's run ended.
struct Finish {
  unsigned attempt = 0;            // 0: not known
  std::optional<Failure> failure;  // nothing: it went well
  std::string unit, invocation_id;
};

class Sequencer {
 public:
  // Resumes from `records`: nothing is believed to be done before its check says so.
  Sequencer(Graph graph, Records records, Time now);

  void checked(std::string_view step, std::uint64_t id, Check result,
               std::vector<std::string> changes, Time now);
  // The check itself could not be made. It is tried again, at no cost: it changes nothing.
  void check_failed(std::string_view step, std::uint64_t id, Failure why, Time now);
  void recorded(std::string_view step, unsigned attempt, Time now);
  // The journal could not be written: nothing is applied.
  void record_failed(std::string_view step, unsigned attempt, Failure why, Time now);
  // Whether the apply has arrived is unknown: a check tells.
  void apply_lost(std::string_view step, unsigned attempt, Time now);
  void finished(std::string_view step, Finish finish, Time now);

  void open(plan::Gate gate, Time now);
  void close(plan::Gate gate, Time now);
  // Another part for this node, or another configuration: everything is checked again. With
  // `fresh`, what has failed gets all its attempts back.
  void replace(Graph graph, bool fresh, Time now);
  // Somebody says that it would go well now: what failed, or waits to be tried again, is tried with
  // all its attempts.
  void retry(Time now);
  // Who does the steps was away: runs that are thought to be under way are checked.
  void recheck_running(Time now);
  void tick(Time now);

  void watch(Watch watch, Time now);
  // Something has changed that this step has made: if it is done it is looked at soon.
  void look(std::string_view step, Time now);

  std::vector<Action> take_actions() { return std::exchange(actions_, {}); }

  [[nodiscard]] std::vector<StepView> steps() const;  // in the order of the graph
  [[nodiscard]] bool is_done(std::string_view step) const;
  [[nodiscard]] Records records() const;

 private:
  enum class GateState : std::uint8_t { unknown, closed, open };
  struct Step {
    StepSpec spec;
    StepView view;
    std::uint64_t check = 0;  // the outstanding one
    bool was_done = false;    // since the start: not done any more means drift
    bool stale = false;       // the configuration changed while it ran
    std::optional<Time> look_due;
    bool looking = false;       // while it stays done, or failed
    std::vector<Time> repairs;  // of late
    bool undone_again = false;  // failed for it: only looked at
    unsigned check_failures = 0;
  };

  Step* find(std::string_view name);
  [[nodiscard]] const Step* find(std::string_view name) const;
  [[nodiscard]] bool ready(const Step& step) const;
  [[nodiscard]] bool may_check(plan::Gate gate) const;
  GateState& gate(plan::Gate gate) { return gates_[static_cast<std::size_t>(gate)]; }

  void settle(Time now);
  void move(Step& step, State state);
  void start_check(Step& step);
  void once_more(Step& step);
  void wait_for_gate(Step& step);
  void needed(Step& step, Time now);
  void blocked(Step& step, Time now);
  void ran(Step& step, Time now);
  void fail(Step& step, Failure failure, Time now);
  void retry_at(Step& step, Time at);

  // sequencer_watch.cpp
  [[nodiscard]] plan::Drift drift_of(const Step& step) const;
  void start_look(Step& step);
  void looked(Step& step, Check result, const std::vector<std::string>& changes, Time now);
  void repair(Step& step, Time now);

  std::vector<Step> steps_;
  GateState gates_[4] = {GateState::open, GateState::closed, GateState::closed, GateState::unknown};
  std::uint64_t next_check_ = 1;
  std::optional<Time> armed_;
  bool changed_ = true;
  std::vector<Action> actions_;
  Watch watch_;
  Records others_;  // of steps that this graph does not have
};

}  // namespace kagent::kagentd
