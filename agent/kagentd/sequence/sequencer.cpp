#include "agent/kagentd/sequence/sequencer.hpp"

#include <algorithm>

namespace kagent::kagentd {

Sequencer::Sequencer(Graph graph, Records records, Time now) : others_(std::move(records)) {
  replace(std::move(graph), false, now);
}

StepMachine* Sequencer::find(std::string_view name) {
  const auto found = std::ranges::find_if(
      steps_, [&](const StepMachine& step) { return step.spec().name == name; });
  return found == steps_.end() ? nullptr : &*found;
}

const StepMachine* Sequencer::find(std::string_view name) const {
  return const_cast<Sequencer*>(this)->find(name);
}

bool Sequencer::is_done(std::string_view name) const {
  const StepMachine* step = find(name);
  return step != nullptr && step->is_done();
}

bool Sequencer::is_ready(const StepMachine& step) const {
  return std::ranges::all_of(step.spec().after, [&](const std::string& name) {
    const StepMachine* needed = find(name);
    return needed == nullptr || needed->is_done();
  });
}

std::vector<StepView> Sequencer::steps() const {
  std::vector<StepView> views;
  for (const StepMachine& step : steps_) views.push_back(step.view());
  return views;
}

Records Sequencer::records() const {
  Records records = others_;
  for (const StepMachine& step : steps_)
    if (step.view().record != StepRecord{}) records[step.spec().name] = step.view().record;
  return records;
}

void Sequencer::replace(Graph graph, bool fresh, Time now) {
  std::vector<StepMachine> before = std::exchange(steps_, {});
  for (const StepMachine& old : before)
    if (old.view().record != StepRecord{}) others_[old.spec().name] = old.view().record;
  for (StepSpec& spec : graph) {
    const auto old = std::ranges::find_if(
        before, [&](const StepMachine& step) { return step.spec().name == spec.name; });
    StepMachine step = old == before.end() ? StepMachine(spec, shared_) : std::move(*old);
    if (const auto known = others_.find(spec.name); known != others_.end()) {
      step.restore(std::move(known->second));
      others_.erase(known);
    }
    step.configure(std::move(spec), fresh, shared_);
    steps_.push_back(std::move(step));
  }
  shared_.changed = true;
  settle(now);
}

void Sequencer::settle(Time now) {
  for (StepMachine& step : steps_) step.settle(is_ready(step), shared_, now);
  std::optional<Time> next;
  for (const StepMachine& step : steps_)
    if (const auto due = step.due(); due && (!next || *due < *next)) next = due;
  if (next && next != armed_) shared_.actions.emplace_back(ArmTimer{*next});
  armed_ = next;
  if (std::exchange(shared_.changed, false)) shared_.actions.emplace_back(Report{});
}

void Sequencer::retry(Time now) {
  for (StepMachine& step : steps_) step.retry(shared_);
  settle(now);
}

void Sequencer::tick(Time now) {
  armed_.reset();
  settle(now);
}

void Sequencer::checked(std::string_view name, std::uint64_t id, Check result,
                        const std::vector<std::string>& changes, Time now) {
  StepMachine* step = find(name);
  if (step != nullptr && step->checked(id, result, changes, shared_, now)) settle(now);
}

void Sequencer::check_failed(std::string_view name, std::uint64_t id, Failure why, Time now) {
  StepMachine* step = find(name);
  if (step != nullptr && step->check_failed(id, std::move(why), shared_, now)) settle(now);
}

void Sequencer::recorded(std::string_view name, unsigned attempt, Time now) {
  StepMachine* step = find(name);
  if (step != nullptr && step->recorded(attempt, shared_, now)) settle(now);
}

void Sequencer::record_failed(std::string_view name, unsigned attempt, Failure why, Time now) {
  StepMachine* step = find(name);
  if (step != nullptr && step->record_failed(attempt, std::move(why), shared_, now)) settle(now);
}

void Sequencer::apply_lost(std::string_view name, unsigned attempt, Time now) {
  StepMachine* step = find(name);
  if (step != nullptr && step->apply_lost(attempt, shared_)) settle(now);
}

void Sequencer::finished(std::string_view name, Finish finish, Time now) {
  StepMachine* step = find(name);
  if (step != nullptr && step->finished(std::move(finish), shared_, now)) settle(now);
}

void Sequencer::open(plan::Gate gate, Time now) {
  shared_.gates.open(gate);
  for (StepMachine& step : steps_)
    if (step.spec().gate == gate) step.opened(shared_);
  settle(now);
}

void Sequencer::close(plan::Gate gate, Time now) {
  shared_.gates.close(gate);
  settle(now);
}

void Sequencer::recheck_running(Time now) {
  for (StepMachine& step : steps_) step.recheck_run(shared_);
  settle(now);
}

void Sequencer::watch(Watch watch, Time now) {
  if (watch == shared_.watch) return;
  shared_.watch = std::move(watch);
  for (StepMachine& step : steps_) step.watch_anew(now);
  settle(now);
}

void Sequencer::look(std::string_view name, Time now) {
  StepMachine* step = find(name);
  if (step != nullptr && step->look(now)) settle(now);
}

}  // namespace kagent::kagentd
