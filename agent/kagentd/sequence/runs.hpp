#pragma once

#include "agent/kagentd/sequence/steps.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kagent::kagentd {

// When the last attempt of a step ran, and as what; for people.
struct LastRun {
  std::optional<std::chrono::system_clock::time_point> started, finished;
  std::string unit, invocation_id;

  bool operator==(const LastRun&) const = default;
};
using LastRuns = std::map<std::string, LastRun>;

// Follows the runs of the steps on the wall clock, which the sequencer does not know. Pure.
class RunTimes {
 public:
  explicit RunTimes(LastRuns loaded = {}) : runs_(std::move(loaded)) {}

  void begun(const std::string& step, std::chrono::system_clock::time_point now);
  // The end is news: seen() takes its time.
  void ended(const std::string& step);
  // An end counts from when it is first seen.
  void seen(const std::vector<StepView>& steps, std::chrono::system_clock::time_point now);
  void progress(const std::string& step, std::string detail);
  // Shows the progress of the steps that run.
  void put_progress(std::vector<StepView>& steps) const;

  [[nodiscard]] const LastRuns& runs() const { return runs_; }

 private:
  LastRuns runs_;
  std::map<std::string, std::string> progress_;  // of steps that run
};

}  // namespace kagent::kagentd
