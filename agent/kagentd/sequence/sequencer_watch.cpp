#include "agent/kagentd/sequence/sequencer.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace kagent::kagentd {
namespace {

using namespace std::chrono_literals;

// Who undoes a step that often does it on purpose, or as another program's work.
constexpr std::size_t most_repairs = 5;
constexpr auto of_late = 10min;
// A restart takes a moment, and an editor writes more than once.
constexpr auto settling = 2s;

}  // namespace

plan::Drift Sequencer::drift_of(const Step& step) const {
  const auto told = watch_.steps.find(step.spec.name);
  return told == watch_.steps.end() ? step.spec.drift : told->second;
}

void Sequencer::watch(Watch watch, Time now) {
  if (watch == watch_) return;
  watch_ = std::move(watch);
  for (Step& step : steps_)
    if (step.view.state == State::done && !step.looking) step.look_due = now;
  settle(now);
}

void Sequencer::look(std::string_view name, Time now) {
  Step* step = find(name);
  if (step == nullptr || !step->look_due) return;
  step->look_due = std::min(*step->look_due, now + settling);
  settle(now);
}

// The step stays what it is meanwhile: most looks find nothing.
void Sequencer::start_look(Step& step) {
  step.look_due.reset();
  if (step.view.state == State::done && drift_of(step) == plan::Drift::ignore) {
    changed_ = changed_ || !step.view.drift.empty();
    step.view.drift.clear();
    return;
  }
  step.looking = true;
  step.check = next_check_++;
  actions_.emplace_back(CheckStep{step.spec.name, step.check});
}

void Sequencer::looked(Step& step, Check result, const std::vector<std::string>& changes,
                       Time now) {
  step.looking = false;
  if (result == Check::done && step.view.state == State::failed) {
    step.view.record.failure.reset();
    move(step, State::done);
  }
  if (result == Check::running) {
    ran(step, now);
    return;
  }
  if (step.view.state == State::failed) {
    step.look_due = now + watch_.every;
    return;
  }
  std::string drift = fmt::format("{}", fmt::join(changes, "; "));
  if (result == Check::needed && drift_of(step) == plan::Drift::repair &&
      step.view.state == State::done) {
    step.view.detail = std::move(drift);
    repair(step, now);
    return;
  }
  changed_ = changed_ || drift != step.view.drift;
  step.view.drift = std::move(drift);
  step.look_due = now + watch_.every;
}

void Sequencer::repair(Step& step, Time now) {
  std::erase_if(step.repairs, [&](Time at) { return at + of_late <= now; });
  if (step.repairs.size() < most_repairs) {
    step.repairs.push_back(now);
    needed(step, now);
    return;
  }
  step.view.record.failure =
      Failure(CauseId(step.spec.name, "undone-again"),
              fmt::format("it was repaired {} times in {} minutes, and is undone again: {}",
                          most_repairs, of_late.count(), step.view.detail),
              fmt::format("Find out who changes it; `watch: {{steps: {{{}: report}}}}` in the "
                          "ClusterConfig leaves it alone.",
                          step.spec.name));
  move(step, State::failed);
  step.undone_again = true;
}

}  // namespace kagent::kagentd
