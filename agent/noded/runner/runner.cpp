#include "agent/noded/runner/runner.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/plan/plan.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/step/survey.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

namespace kagent::noded {
namespace asio = boost::asio;

namespace {

Error no_such(const std::string& step) {
  return {Errc::not_found, "there is no step \"" + step + "\""};
}

}  // namespace

Runner::Runner(asio::any_io_executor loop, Tasks& tasks, Vault& vault, ReadContext read_context,
               std::vector<std::unique_ptr<Step>> steps, Reports reports)
    : tasks_(tasks),
      vault_(vault),
      read_context_(std::move(read_context)),
      reports_(std::move(reports)),
      survey_done_(loop) {
  for (auto& step : steps) {
    const std::string name(step->name());
    steps_[name] = std::move(step);
  }
}

asio::awaitable<Result<CheckResult>> Runner::check(std::string step) {
  const auto found = steps_.find(step);
  if (found == steps_.end()) co_return no_such(step);
  auto checked = co_await look(*found->second);
  if (checked && checked->state == StepState::running) (void)start(step, 0);
  co_return checked;
}

asio::awaitable<Result<CheckResult>> Runner::look(Step& step) {
  if (running_.contains(std::string(step.name()))) {
    CheckResult busy;
    busy.state = StepState::running;
    co_return busy;
  }
  auto context = read_context_();
  if (!context) co_return context.error();
  (*context)->answers = answers_;
  ContextPtr fixed = std::move(*context);
  co_return co_await step.check(std::move(fixed));
}

asio::awaitable<std::vector<PlannedStep>> Runner::plan() {
  co_return co_await plan_all(steps_of_this_node());
}

asio::awaitable<std::vector<PlannedStep>> Runner::plan_reset() {
  std::vector<std::string> names;
  for (const plan::Step& step : plan::reset_steps()) names.emplace_back(step.name);
  co_return co_await plan_all(std::move(names));
}

asio::awaitable<std::vector<PlannedStep>> Runner::plan_all(std::vector<std::string> names) {
  std::vector<PlannedStep> planned;
  for (const std::string& name : names) {
    auto step = co_await plan_one(name);
    planned.push_back(std::move(step));
  }
  co_return planned;
}

asio::awaitable<PlannedStep> Runner::plan_one(std::string name) {
  auto found = co_await look(*steps_.at(name));
  PlannedStep planned;
  planned.name = std::move(name);
  if (found) {
    planned.state = to_string(found->state);
    planned.changes = std::move(found->changes);
  } else {
    planned.state = "unknown";
    planned.changes.push_back(found.error().message());
  }
  co_return planned;
}

std::vector<std::string> Runner::steps_of_this_node() const {
  std::vector<std::string> names;
  const auto assignment = vault_.assignment();
  if (!assignment) {
    for (const plan::Step& step : plan::all_steps()) names.emplace_back(step.name);
    return names;
  }
  const auto role =
      assignment->role() == "control-plane" ? plan::Role::control_plane : plan::Role::worker;
  for (const plan::Step* step : plan::steps_for(role, assignment->init()))
    names.emplace_back(step->name);
  return names;
}

Result<> Runner::start(const std::string& step, std::uint32_t attempt) {
  if (!knows(step)) return no_such(step);
  const auto [entry, fresh] = running_.emplace(step, attempt);
  if (fresh)
    tasks_.start(run(step));
  else if (attempt != 0)
    entry->second = attempt;
  return {};
}

asio::awaitable<void> Runner::run(std::string name) {
  const Outcome outcome = co_await apply(name);
  // A step that was cut off by our own shutdown has no outcome: its unit goes on.
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() == asio::cancellation_type::none) finish(name, outcome);
}

asio::awaitable<Outcome> Runner::apply(std::string name) {
  auto context = read_context_();
  if (!context) co_return failed(name, context.error());
  (*context)->answers = answers_;
  (*context)->progress = [this, name](const std::string& detail) {
    reports_.progress(name, detail);
  };
  ContextPtr fixed = std::move(*context);
  if (!fixed->reset_ordered) co_await survey_once(fixed);
  co_return co_await steps_.at(name)->apply(std::move(fixed));
}

// A failed survey stops nothing: a later reset then leaves more behind.
asio::awaitable<void> Runner::survey_once(ContextPtr context) {
  if (survey_begun_) {
    co_await survey_done_.wait();
    co_return;
  }
  survey_begun_ = true;
  auto taken = co_await take_survey(std::move(context));
  if (!taken) log::warning("what the node was before kagent: {}", taken.error().message());
  survey_done_.set();
}

void Runner::finish(const std::string& name, const Outcome& outcome) {
  if (name == "join" && grant_is_spent(outcome))
    if (auto dropped = vault_.drop_grant(); !dropped) log::warning("{}", dropped.error().message());
  if (outcome.ok())
    log::info("step {} is done", name);
  else
    log::warning("step {}: {}: {}", name, outcome.cause(), outcome.failure->message);
  if (name == plan::reset_steps().back().name) {
    // After a reset, the next change is again the first one.
    survey_begun_ = false;
    survey_done_.reset();
  }
  const auto run = running_.extract(name);
  reports_.finished(name, run.mapped(), outcome);
}

}  // namespace kagent::noded
