#pragma once

#include "agent/common/base/event.hpp"
#include "agent/common/base/tasks.hpp"
#include "agent/noded/step/step.hpp"
#include "agent/noded/vault/vault.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::noded {

// What a step would do now: a StepState, or "unknown" with the reason as the only change.
struct PlannedStep {
  std::string name;
  std::string state;
  std::vector<std::string> changes;
};

// Checks and applies steps: at most one run of each step at a time, different steps side by side.
// Before the first change, the runner records what the node was (take_survey).
class Runner {
 public:
  // Called for every check and every apply, since user-data and envelopes may have changed.
  using ReadContext = std::function<Result<std::shared_ptr<Context>>()>;

  struct Reports {
    std::function<void(const std::string& step, const std::string& detail)> progress;
    // Called once for each run. `attempt` is the number from the last start() of that run.
    std::function<void(const std::string& step, std::uint32_t attempt, const Outcome&)> finished;
  };

  // `tasks` runs the steps: cancel and join it before the Runner is destroyed. `vault` must outlive
  // the Runner.
  Runner(boost::asio::any_io_executor loop, Tasks& tasks, Vault& vault, ReadContext read_context,
         std::vector<std::unique_ptr<Step>> steps, Reports reports);

  [[nodiscard]] bool knows(const std::string& step) const { return steps_.contains(step); }

  // Changes nothing. If the step's unit is still running from before a restart of this process,
  // check() starts a run that reports the unit's end. Errors: not_found (no such step), those of
  // ReadContext and of the step.
  boost::asio::awaitable<Result<CheckResult>> check(std::string step);
  // Checks the steps of this node's role, or all steps before there is an assignment. Without
  // Errors.
  boost::asio::awaitable<std::vector<PlannedStep>> plan();
  boost::asio::awaitable<std::vector<PlannedStep>> plan_reset();

  // Starts a run in the background; Reports::finished tells its end. While a run is under way, only
  // its attempt number changes. Errors: not_found (no such step).
  Result<> start(const std::string& step, std::uint32_t attempt);

 private:
  boost::asio::awaitable<Result<CheckResult>> look(Step& step);
  boost::asio::awaitable<std::vector<PlannedStep>> plan_all(std::vector<std::string> names);
  boost::asio::awaitable<PlannedStep> plan_one(std::string name);
  [[nodiscard]] std::vector<std::string> steps_of_this_node() const;

  boost::asio::awaitable<void> run(std::string name);
  boost::asio::awaitable<Outcome> apply(std::string name);
  boost::asio::awaitable<void> survey_once(ContextPtr context);
  void finish(const std::string& name, const Outcome& outcome);

  Tasks& tasks_;
  Vault& vault_;
  ReadContext read_context_;
  Reports reports_;
  std::map<std::string, std::unique_ptr<Step>> steps_;
  std::map<std::string, std::uint32_t> running_;  // step to attempt
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  bool survey_begun_ = false;  // by this process
  Event survey_done_;
};

}  // namespace kagent::noded
