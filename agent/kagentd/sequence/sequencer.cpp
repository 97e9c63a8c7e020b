#include "agent/kagentd/sequence/sequencer.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace kagent::kagentd {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_delay = std::chrono::seconds{600};
// A run that is over its time limit by this much has ended without our hearing of it.
constexpr auto overdue = 60s;
// What is blocked without a gate that could open, and journals that cannot be written.
constexpr auto look_again = 10s;
constexpr auto longest_check_delay = 60s;

std::chrono::seconds doubled(std::chrono::seconds first, unsigned times,
                             std::chrono::seconds longest) {
  auto delay = first;
  for (unsigned n = 0; n < times && delay < longest; ++n) delay *= 2;
  return std::min(delay, longest);
}

// The grant was of no use: a new one is asked for, and nothing is held against the step.
bool wants_new_grant(const StepSpec& spec, const Failure& failure) {
  return spec.gate == plan::Gate::join_grant &&
         (failure.id.is("join.token-expired") || failure.id.is("join.unauthorized"));
}

std::string what_opens(plan::Gate gate) {
  switch (gate) {
    case plan::Gate::none: return "waits for something on this node";
    case plan::Gate::assignment: return "waits for the coordinator's assignment";
    case plan::Gate::init_lease: return "waits for the coordinator's leave to run init";
    case plan::Gate::join_grant: return "waits for its join grant";
  }
  return {};
}

}  // namespace

Sequencer::Sequencer(Graph graph, Records records, Time now) : others_(std::move(records)) {
  replace(std::move(graph), false, now);
}

Sequencer::Step* Sequencer::find(std::string_view name) {
  const auto found =
      std::ranges::find_if(steps_, [&](const Step& step) { return step.spec.name == name; });
  return found == steps_.end() ? nullptr : &*found;
}

const Sequencer::Step* Sequencer::find(std::string_view name) const {
  return const_cast<Sequencer*>(this)->find(name);
}

bool Sequencer::is_done(std::string_view name) const {
  const Step* step = find(name);
  return step != nullptr && step->view.state == State::done;
}

bool Sequencer::ready(const Step& step) const {
  return std::ranges::all_of(step.spec.after, [&](const std::string& name) {
    const Step* needed = find(name);
    return needed == nullptr || needed->view.state == State::done;
  });
}

// A grant may be there that this process has not seen: the check tells. Leases and assignments are
// told to us first.
bool Sequencer::may_check(plan::Gate gate) const {
  return gates_[static_cast<std::size_t>(gate)] != GateState::closed;
}

std::vector<StepView> Sequencer::steps() const {
  std::vector<StepView> views;
  for (const Step& step : steps_) views.push_back(step.view);
  return views;
}

Records Sequencer::records() const {
  Records records = others_;
  for (const Step& step : steps_)
    if (step.view.record != StepRecord{}) records[step.spec.name] = step.view.record;
  return records;
}

void Sequencer::replace(Graph graph, bool fresh, Time now) {
  std::vector<Step> before = std::exchange(steps_, {});
  for (Step& old : before)
    if (old.view.record != StepRecord{}) others_[old.spec.name] = old.view.record;
  for (StepSpec& spec : graph) {
    const auto old =
        std::ranges::find_if(before, [&](const Step& step) { return step.spec.name == spec.name; });
    Step step;
    if (old != before.end()) step = std::move(*old);
    step.view.name = spec.name;
    step.spec = std::move(spec);
    if (const auto known = others_.find(step.spec.name); known != others_.end()) {
      step.view.record = known->second;
      others_.erase(known);
    }
    if (fresh) step.view.record.spent = 0;
    if (step.view.state == State::running || step.view.state == State::recording)
      step.stale = true;
    else
      move(step, State::pending);
    steps_.push_back(std::move(step));
  }
  changed_ = true;
  settle(now);
}

void Sequencer::move(Step& step, State state) {
  step.view.state = state;
  if (state != State::retrying && state != State::waiting && state != State::running)
    step.view.due.reset();
  step.looking = false;
  step.undone_again = false;
  step.look_due.reset();
  step.view.drift.clear();
  changed_ = true;
}

void Sequencer::start_check(Step& step) {
  move(step, State::checking);
  step.stale = false;
  step.check = next_check_++;
  actions_.emplace_back(CheckStep{step.spec.name, step.check});
}

void Sequencer::wait_for_gate(Step& step) {
  if (step.view.state == State::waiting) return;
  move(step, State::waiting);
  step.view.due.reset();
  step.view.detail = what_opens(step.spec.gate);
}

void Sequencer::retry_at(Step& step, Time at) {
  move(step, State::retrying);
  step.view.due = at;
}

void Sequencer::settle(Time now) {
  for (Step& step : steps_) {
    const bool due = step.view.due && *step.view.due <= now;
    switch (step.view.state) {
      case State::pending:
        if (!ready(step)) break;
        if (may_check(step.spec.gate))
          start_check(step);
        else
          wait_for_gate(step);
        break;
      case State::waiting:
      case State::retrying:
      case State::running:
        if (due) start_check(step);
        break;
      case State::checking:
      case State::recording: break;
      case State::failed:
        if (due) {
          once_more(step);
          break;
        }
        if (!step.view.due && !step.undone_again && step.spec.once_more_every > 0s)
          step.view.due = now + step.spec.once_more_every;
        if (!step.looking && !step.look_due) step.look_due = now + watch_.every;
        break;
      case State::done:
        if (!step.looking && !step.look_due && drift_of(step) != plan::Drift::ignore)
          step.look_due = now + watch_.every;
        break;
    }
    if (step.look_due && *step.look_due <= now) start_look(step);
  }
  std::optional<Time> next;
  for (const Step& step : steps_)
    for (const auto& due : {step.view.due, step.look_due})
      if (due && (!next || *due < *next)) next = due;
  if (next && next != armed_) actions_.emplace_back(ArmTimer{*next});
  armed_ = next;
  if (std::exchange(changed_, false)) actions_.emplace_back(Report{});
}

void Sequencer::once_more(Step& step) {
  step.view.record.spent = std::min(step.view.record.spent, step.spec.attempts - 1);
  start_check(step);
}

void Sequencer::retry(Time now) {
  for (Step& step : steps_) {
    if (step.view.state != State::failed && step.view.state != State::retrying) continue;
    step.view.record.spent = 0;
    step.repairs.clear();
    start_check(step);
  }
  settle(now);
}

void Sequencer::tick(Time now) {
  armed_.reset();
  settle(now);
}

void Sequencer::checked(std::string_view name, std::uint64_t id, Check result,
                        std::vector<std::string> changes, Time now) {
  Step* step = find(name);
  if (step == nullptr || step->check != id) return;
  if (step->looking) {
    looked(*step, result, changes, now);
    settle(now);
    return;
  }
  if (step->view.state != State::checking) return;
  step->check_failures = 0;
  step->view.detail = fmt::format("{}", fmt::join(changes, "; "));
  switch (result) {
    case Check::done:
      step->was_done = true;
      step->view.record.failure.reset();
      move(*step, State::done);
      step->view.drift = std::exchange(step->view.detail, {});
      break;
    case Check::running: ran(*step, now); break;
    case Check::needed: needed(*step, now); break;
    case Check::blocked: blocked(*step, now); break;
  }
  settle(now);
}

void Sequencer::ran(Step& step, Time now) {
  StepRecord& record = step.view.record;
  if (record.attempts == 0) record.attempts = record.spent = 1;  // the journal was lost
  move(step, State::running);
  step.view.due = now + step.spec.time_limit + overdue;
}

void Sequencer::needed(Step& step, Time now) {
  if (gate(step.spec.gate) == GateState::unknown) gate(step.spec.gate) = GateState::open;
  if (gate(step.spec.gate) == GateState::closed) {
    wait_for_gate(step);
    return;
  }
  StepRecord& record = step.view.record;
  if (std::exchange(step.was_done, false)) record.spent = 0;
  if (record.spent >= step.spec.attempts) {
    if (!record.failure) {
      record.failure = Failure(CauseId(step.spec.name, "interrupted"),
                               "each attempt was cut off before its end was known",
                               "see the journal of kagentd and kagent-noded for what ends them");
    }
    move(step, State::failed);
    return;
  }
  (void)now;
  ++record.attempts;
  ++record.spent;
  move(step, State::recording);
  actions_.emplace_back(Record{step.spec.name, record.attempts});
}

void Sequencer::blocked(Step& step, Time now) {
  const std::string reason = std::exchange(step.view.detail, {});
  if (step.spec.gate == plan::Gate::join_grant) gate(step.spec.gate) = GateState::closed;
  wait_for_gate(step);
  if (!reason.empty()) step.view.detail = reason;
  if (step.spec.gate != plan::Gate::join_grant) step.view.due = now + look_again;
}

void Sequencer::check_failed(std::string_view name, std::uint64_t id, Failure why, Time now) {
  Step* step = find(name);
  if (step == nullptr || step->check != id) return;
  if (std::exchange(step->looking, false)) {
    step->look_due = now + watch_.every;
    settle(now);
    return;
  }
  if (step->view.state != State::checking) return;
  step->view.record.failure = std::move(why);
  retry_at(*step,
           now + doubled(step->spec.first_delay, step->check_failures++, longest_check_delay));
  settle(now);
}

void Sequencer::recorded(std::string_view name, unsigned attempt, Time now) {
  Step* step = find(name);
  if (step == nullptr || step->view.state != State::recording ||
      step->view.record.attempts != attempt)
    return;
  move(*step, State::running);
  step->view.unit.clear();
  step->view.invocation_id.clear();
  step->view.due = now + step->spec.time_limit + overdue;
  actions_.emplace_back(ApplyStep{step->spec.name, attempt});
  settle(now);
}

void Sequencer::record_failed(std::string_view name, unsigned attempt, Failure why, Time now) {
  Step* step = find(name);
  if (step == nullptr || step->view.state != State::recording ||
      step->view.record.attempts != attempt)
    return;
  --step->view.record.attempts;
  --step->view.record.spent;
  step->view.record.failure = std::move(why);
  retry_at(*step, now + look_again);
  settle(now);
}

void Sequencer::apply_lost(std::string_view name, unsigned attempt, Time now) {
  Step* step = find(name);
  if (step == nullptr || step->view.state != State::running ||
      step->view.record.attempts != attempt)
    return;
  start_check(*step);
  settle(now);
}

void Sequencer::finished(std::string_view name, Finish finish, Time now) {
  Step* step = find(name);
  if (step == nullptr) return;
  // While a run is being re-checked its end may come first; any other end is an old one.
  const State state = step->view.state;
  if (state != State::running && state != State::checking) return;
  if (step->view.record.attempts == 0) return;
  // One behind is the end of an earlier run; one ahead is of ours, and an older journal came back.
  if (finish.attempt != 0 && finish.attempt < step->view.record.attempts) return;
  step->view.record.attempts = std::max(step->view.record.attempts, finish.attempt);
  step->view.unit = std::move(finish.unit);
  step->view.invocation_id = std::move(finish.invocation_id);
  if (finish.failure) {
    fail(*step, std::move(*finish.failure), now);
  } else {
    step->was_done = true;
    step->view.record.failure.reset();
    move(*step, step->stale ? State::pending : State::done);
  }
  settle(now);
}

void Sequencer::fail(Step& step, Failure failure, Time now) {
  StepRecord& record = step.view.record;
  if (wants_new_grant(step.spec, failure)) {
    if (record.spent > 0) --record.spent;
    record.failure = std::move(failure);
    gate(step.spec.gate) = GateState::closed;
    wait_for_gate(step);
    return;
  }
  record.failure = std::move(failure);
  if (record.spent >= step.spec.attempts) {
    move(step, State::failed);
    return;
  }
  const unsigned times = record.spent > 0 ? record.spent - 1 : 0;
  retry_at(step, now + doubled(step.spec.first_delay, times, longest_delay));
}

void Sequencer::open(plan::Gate which, Time now) {
  gate(which) = GateState::open;
  for (Step& step : steps_)
    if (step.spec.gate == which && step.view.state == State::waiting) move(step, State::pending);
  settle(now);
}

void Sequencer::close(plan::Gate which, Time now) {
  gate(which) = GateState::closed;
  settle(now);
}

void Sequencer::recheck_running(Time now) {
  for (Step& step : steps_)
    if (step.view.state == State::running) start_check(step);
  settle(now);
}

}  // namespace kagent::kagentd
