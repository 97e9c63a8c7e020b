#include "agent/kagentd/sequence/runs.hpp"

namespace kagent::kagentd {

void RunTimes::begun(const std::string& step, std::chrono::system_clock::time_point now) {
  LastRun run;
  run.started = now;
  runs_[step] = std::move(run);
}

void RunTimes::ended(const std::string& step) {
  progress_.erase(step);
  if (const auto run = runs_.find(step); run != runs_.end()) run->second.finished.reset();
}

void RunTimes::seen(const std::vector<StepView>& steps, std::chrono::system_clock::time_point now) {
  for (const StepView& step : steps) {
    const auto found = runs_.find(step.name);
    if (found == runs_.end()) continue;
    LastRun& run = found->second;
    const bool over = step.state == State::done || step.state == State::retrying ||
                      step.state == State::failed || step.state == State::waiting;
    if (over && !run.finished) run.finished = now;
    if (!step.unit.empty()) run.unit = step.unit;
    if (!step.invocation_id.empty()) run.invocation_id = step.invocation_id;
  }
}

void RunTimes::progress(const std::string& step, std::string detail) {
  progress_[step] = std::move(detail);
}

void RunTimes::put_progress(std::vector<StepView>& steps) const {
  for (StepView& step : steps)
    if (const auto at = progress_.find(step.name);
        at != progress_.end() && step.state == State::running)
      step.detail = at->second;
}

}  // namespace kagent::kagentd
