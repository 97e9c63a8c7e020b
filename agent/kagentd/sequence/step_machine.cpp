#include "agent/kagentd/sequence/step_machine.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace kagent::kagentd {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_delay = std::chrono::seconds{600};
// The end of a run that is over its time limit by this much was not signalled.
constexpr auto overdue = 60s;
// For a step that is blocked without a gate, and for a journal that cannot be written.
constexpr auto look_again = 10s;
constexpr auto longest_check_delay = 60s;

std::chrono::seconds doubled(std::chrono::seconds first, unsigned times,
                             std::chrono::seconds longest) {
  auto delay = first;
  for (unsigned n = 0; n < times && delay < longest; ++n) delay *= 2;
  return std::min(delay, longest);
}

// The grant was of no use: the node waits for another one, and the attempt does not count.
bool wants_new_grant(const StepSpec& spec, const Failure& failure) {
  return spec.gate == plan::Gate::join_grant &&
         (failure.id.is("join.token-expired") || failure.id.is("join.unauthorized"));
}

Failure interrupted(const std::string& step) {
  return {CauseId(step, "interrupted"), "each attempt was cut off before its end was known",
          "see the journal of kagentd and kagent-noded for what ends them"};
}

}  // namespace

StepMachine::StepMachine(StepSpec spec, Shared& shared) : spec_(std::move(spec)) {
  view_.name = spec_.name;
  move(State::pending, shared);
}

void StepMachine::configure(StepSpec spec, bool fresh, Shared& shared) {
  spec_ = std::move(spec);
  if (fresh) view_.record.spent = 0;
  if (view_.state == State::running || view_.state == State::recording)
    stale_ = true;
  else
    move(State::pending, shared);
}

void StepMachine::move(State state, Shared& shared) {
  view_.state = state;
  if (state != State::retrying && state != State::waiting && state != State::running)
    view_.due.reset();
  view_.drift.clear();
  looks_.restart();
  shared.changed = true;
}

void StepMachine::start_check(Shared& shared) {
  move(State::checking, shared);
  stale_ = false;
  check_ = shared.next_check++;
  shared.actions.emplace_back(CheckStep{spec_.name, check_});
}

void StepMachine::wait_for_gate(Shared& shared) {
  if (view_.state == State::waiting) return;
  move(State::waiting, shared);
  view_.due.reset();
  view_.detail = waiting_for(spec_.gate);
}

void StepMachine::retry_at(Time at, Shared& shared) {
  move(State::retrying, shared);
  view_.due = at;
}

void StepMachine::settle(bool ready, Shared& shared, Time now) {
  const bool due = view_.due && *view_.due <= now;
  switch (view_.state) {
    case State::pending:
      if (!ready) break;
      if (shared.gates.may_be_open(spec_.gate))
        start_check(shared);
      else
        wait_for_gate(shared);
      break;
    case State::waiting:
    case State::retrying:
    case State::running:
      if (due) start_check(shared);
      break;
    case State::checking:
    case State::recording: break;
    case State::failed:
      if (due) {
        once_more(shared);
        break;
      }
      if (!view_.due && !looks_.repairs_given_up() && spec_.once_more_every > 0s)
        view_.due = now + spec_.once_more_every;
      looks_.schedule(now + shared.watch.every);
      break;
    case State::done:
      if (drift(shared) != plan::Drift::ignore) looks_.schedule(now + shared.watch.every);
      break;
  }
  settle_look(shared, now);
}

std::optional<Time> StepMachine::due() const {
  if (view_.due && looks_.due()) return std::min(*view_.due, *looks_.due());
  return view_.due ? view_.due : looks_.due();
}

void StepMachine::once_more(Shared& shared) {
  view_.record.spent = std::min(view_.record.spent, spec_.attempts - 1);
  start_check(shared);
}

void StepMachine::retry(Shared& shared) {
  if (view_.state != State::failed && view_.state != State::retrying) return;
  view_.record.spent = 0;
  looks_.forget_repairs();
  start_check(shared);
}

bool StepMachine::checked(std::uint64_t id, Check result, const std::vector<std::string>& changes,
                          Shared& shared, Time now) {
  if (check_ != id) return false;
  if (looks_.under_way()) {
    looked(result, changes, shared, now);
    return true;
  }
  if (view_.state != State::checking) return false;
  check_failures_ = 0;
  view_.detail = fmt::format("{}", fmt::join(changes, "; "));
  switch (result) {
    case Check::done:
      was_done_ = true;
      view_.record.failure.reset();
      move(State::done, shared);
      view_.drift = std::exchange(view_.detail, {});
      break;
    case Check::running: check_is_running(shared, now); break;
    case Check::needed: check_is_needed(shared); break;
    case Check::blocked: check_is_blocked(shared, now); break;
  }
  return true;
}

void StepMachine::check_is_running(Shared& shared, Time now) {
  StepRecord& record = view_.record;
  if (record.attempts == 0) record.attempts = record.spent = 1;  // the journal was lost
  move(State::running, shared);
  view_.due = now + spec_.time_limit + overdue;
}

void StepMachine::check_is_needed(Shared& shared) {
  if (!shared.gates.confirm(spec_.gate)) {
    wait_for_gate(shared);
    return;
  }
  StepRecord& record = view_.record;
  if (std::exchange(was_done_, false)) record.spent = 0;
  if (record.spent >= spec_.attempts) {
    if (!record.failure) record.failure = interrupted(spec_.name);
    move(State::failed, shared);
    return;
  }
  ++record.attempts;
  ++record.spent;
  move(State::recording, shared);
  shared.actions.emplace_back(Record{spec_.name, record.attempts});
}

void StepMachine::check_is_blocked(Shared& shared, Time now) {
  const std::string reason = std::exchange(view_.detail, {});
  if (spec_.gate == plan::Gate::join_grant) shared.gates.close(spec_.gate);
  wait_for_gate(shared);
  if (!reason.empty()) view_.detail = reason;
  if (spec_.gate != plan::Gate::join_grant) view_.due = now + look_again;
}

bool StepMachine::check_failed(std::uint64_t id, Failure why, Shared& shared, Time now) {
  if (check_ != id) return false;
  if (looks_.under_way()) {
    looks_.end();
    looks_.look_at(now + shared.watch.every);
    return true;
  }
  if (view_.state != State::checking) return false;
  view_.record.failure = std::move(why);
  retry_at(now + doubled(spec_.first_delay, check_failures_++, longest_check_delay), shared);
  return true;
}

bool StepMachine::is_attempt(State state, unsigned attempt) const {
  return view_.state == state && view_.record.attempts == attempt;
}

bool StepMachine::recorded(unsigned attempt, Shared& shared, Time now) {
  if (!is_attempt(State::recording, attempt)) return false;
  move(State::running, shared);
  view_.unit.clear();
  view_.invocation_id.clear();
  view_.due = now + spec_.time_limit + overdue;
  shared.actions.emplace_back(ApplyStep{spec_.name, attempt});
  return true;
}

bool StepMachine::record_failed(unsigned attempt, Failure why, Shared& shared, Time now) {
  if (!is_attempt(State::recording, attempt)) return false;
  --view_.record.attempts;
  --view_.record.spent;
  view_.record.failure = std::move(why);
  retry_at(now + look_again, shared);
  return true;
}

bool StepMachine::apply_lost(unsigned attempt, Shared& shared) {
  if (!is_attempt(State::running, attempt)) return false;
  start_check(shared);
  return true;
}

bool StepMachine::finished(Finish finish, Shared& shared, Time now) {
  // The end of a run may arrive while the run is checked again. In any other state it is old.
  if (view_.state != State::running && view_.state != State::checking) return false;
  StepRecord& record = view_.record;
  if (record.attempts == 0) return false;
  // A lower number is of an earlier run. A higher one is of this run: the journal that was loaded
  // was older than the run.
  if (finish.attempt != 0 && finish.attempt < record.attempts) return false;
  record.attempts = std::max(record.attempts, finish.attempt);
  view_.unit = std::move(finish.unit);
  view_.invocation_id = std::move(finish.invocation_id);
  if (finish.failure) {
    fail(std::move(*finish.failure), shared, now);
    return true;
  }
  was_done_ = true;
  record.failure.reset();
  move(stale_ ? State::pending : State::done, shared);
  return true;
}

void StepMachine::fail(Failure failure, Shared& shared, Time now) {
  StepRecord& record = view_.record;
  const bool grant = wants_new_grant(spec_, failure);
  record.failure = std::move(failure);
  if (grant) {
    if (record.spent > 0) --record.spent;
    shared.gates.close(spec_.gate);
    wait_for_gate(shared);
    return;
  }
  if (record.spent >= spec_.attempts) {
    move(State::failed, shared);
    return;
  }
  const unsigned times = record.spent > 0 ? record.spent - 1 : 0;
  retry_at(now + doubled(spec_.first_delay, times, longest_delay), shared);
}

void StepMachine::opened(Shared& shared) {
  if (view_.state == State::waiting) move(State::pending, shared);
}

void StepMachine::recheck_run(Shared& shared) {
  if (view_.state == State::running) start_check(shared);
}

plan::Drift StepMachine::drift(const Shared& shared) const {
  const auto told = shared.watch.steps.find(spec_.name);
  return told == shared.watch.steps.end() ? spec_.drift : told->second;
}

void StepMachine::watch_anew(Time now) {
  if (is_done() && !looks_.under_way()) looks_.look_at(now);
}

bool StepMachine::look(Time now) {
  if (!looks_.due()) return false;
  looks_.hasten(now);
  return true;
}

// The step stays done or failed during a look: most looks find no change.
void StepMachine::settle_look(Shared& shared, Time now) {
  if (!looks_.due() || *looks_.due() > now) return;
  if (is_done() && drift(shared) == plan::Drift::ignore) {
    looks_.cancel();
    shared.changed = shared.changed || !view_.drift.empty();
    view_.drift.clear();
    return;
  }
  looks_.begin();
  check_ = shared.next_check++;
  shared.actions.emplace_back(CheckStep{spec_.name, check_});
}

void StepMachine::looked(Check result, const std::vector<std::string>& changes, Shared& shared,
                         Time now) {
  looks_.end();
  if (result == Check::done && view_.state == State::failed) {
    view_.record.failure.reset();
    move(State::done, shared);
  }
  if (result == Check::running) {
    check_is_running(shared, now);
    return;
  }
  if (view_.state == State::failed) {
    looks_.look_at(now + shared.watch.every);
    return;
  }
  std::string found = fmt::format("{}", fmt::join(changes, "; "));
  if (result == Check::needed && drift(shared) == plan::Drift::repair && is_done()) {
    view_.detail = std::move(found);
    repair(shared, now);
    return;
  }
  shared.changed = shared.changed || found != view_.drift;
  view_.drift = std::move(found);
  looks_.look_at(now + shared.watch.every);
}

void StepMachine::repair(Shared& shared, Time now) {
  if (looks_.repair(now)) {
    check_is_needed(shared);
    return;
  }
  view_.record.failure = undone_again(spec_.name, view_.detail);
  move(State::failed, shared);
  looks_.give_up_repairs();
}

}  // namespace kagent::kagentd
