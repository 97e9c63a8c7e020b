#pragma once

#include "agent/kagentd/sequence/gates.hpp"
#include "agent/kagentd/sequence/looks.hpp"
#include "agent/kagentd/sequence/steps.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kagent::kagentd {

// What the machines of all steps share.
struct Shared {
  Gates gates;
  Watch watch;
  std::uint64_t next_check = 1;
  std::vector<Action> actions;
  bool changed = true;  // since the last Report
};

// The states of one step. Pure. Its events return false if they are not about what the step does
// now, and then change nothing.
class StepMachine {
 public:
  StepMachine(StepSpec spec, Shared& shared);

  // Another configuration: the step is checked again, after its run if it runs. `fresh`: it gets
  // all its attempts back.
  void configure(StepSpec spec, bool fresh, Shared& shared);
  void restore(StepRecord record) { view_.record = std::move(record); }

  // Begins what is due. `ready`: all steps that this one needs are done.
  void settle(bool ready, Shared& shared, Time now);
  // When settle() has something to do next.
  [[nodiscard]] std::optional<Time> due() const;

  bool checked(std::uint64_t id, Check result, const std::vector<std::string>& changes,
               Shared& shared, Time now);
  bool check_failed(std::uint64_t id, Failure why, Shared& shared, Time now);
  bool recorded(unsigned attempt, Shared& shared, Time now);
  bool record_failed(unsigned attempt, Failure why, Shared& shared, Time now);
  bool apply_lost(unsigned attempt, Shared& shared);
  bool finished(Finish finish, Shared& shared, Time now);
  void opened(Shared& shared);  // its gate
  void retry(Shared& shared);
  void recheck_run(Shared& shared);
  // Another policy: a step that is done is looked at.
  void watch_anew(Time now);
  bool look(Time now);

  [[nodiscard]] const StepSpec& spec() const { return spec_; }
  [[nodiscard]] const StepView& view() const { return view_; }
  [[nodiscard]] bool is_done() const { return view_.state == State::done; }

 private:
  void move(State state, Shared& shared);
  void start_check(Shared& shared);
  void once_more(Shared& shared);
  void wait_for_gate(Shared& shared);
  void retry_at(Time at, Shared& shared);
  void check_is_running(Shared& shared, Time now);
  void check_is_needed(Shared& shared);
  void check_is_blocked(Shared& shared, Time now);
  void fail(Failure failure, Shared& shared, Time now);
  [[nodiscard]] bool is_attempt(State state, unsigned attempt) const;

  [[nodiscard]] plan::Drift drift(const Shared& shared) const;
  void settle_look(Shared& shared, Time now);
  void looked(Check result, const std::vector<std::string>& changes, Shared& shared, Time now);
  void repair(Shared& shared, Time now);

  StepSpec spec_;
  StepView view_;
  Looks looks_;
  std::uint64_t check_ = 0;  // the outstanding one
  unsigned check_failures_ = 0;
  bool was_done_ = false;  // since the start of this process: not done any more means drift
  bool stale_ = false;     // the configuration changed while the step ran
};

}  // namespace kagent::kagentd
