#include "agent/kagentd/sequence/driver.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/failure/failure.hpp"
#include "agent/kagentd/sequence/course.hpp"

#include <boost/asio/this_coro.hpp>

namespace kagent::kagentd {
namespace asio = boost::asio;

namespace {

// noded checks all of this step but the outlook, since noded has no network.
constexpr char network_step[] = "preflight";

Time now() {
  return std::chrono::steady_clock::now();
}

bool is_lost(const Error& error) {
  return error.code() == Errc::unavailable || error.code() == Errc::deadline_exceeded ||
         error.code() == Errc::cancelled;
}

// Why a call to kagent-noded failed.
Failure failure_of_call(const std::string& step, const Error& error) {
  if (is_lost(error))
    return {"noded.unavailable", error.message(),
            "See `journalctl -u kagent-noded` on the node; kagent tries again by itself."};
  if (error.code() == Errc::permission_denied)
    return {"noded.refused", error.message(),
            "See the D-Bus policy io.kagent.Node1.conf of the node."};
  return {CauseId(step, "check-failed"), error.message(), journal_remedy(error)};
}

Failure failure_of_save(const Error& error) {
  const char* const remedy = "Make room or mend the disk; kagent goes on by itself.";
  if (error.code() == Errc::resource_exhausted) return {"disk.full", error.message(), remedy};
  return {"journal.unwritable", error.message(), remedy};
}

}  // namespace

Driver::Driver(const asio::any_io_executor& loop, Tasks& tasks, NodeClient& node, ProgressFile file,
               std::function<void()> changed)
    : tasks_(tasks),
      node_(node),
      file_(std::move(file)),
      changed_(std::move(changed)),
      timer_(loop) {}

void Driver::start(const HeldAssignment& held) {
  auto loaded = file_.load();
  if (loaded)
    progress_ = std::move(*loaded);
  else
    log::warning("{}; starting from the checks of the steps", loaded.error().message());
  saved_ = progress_;
  runs_ = RunTimes(progress_.runs);
  sequencer_.emplace(graph_for({}), progress_.records, now());
  // No action is carried out before the sequencer knows the assignment.
  assigned(held);
  carry_out();
}

bool Driver::assigned(const HeldAssignment& held) {
  if (!sequencer_ || (held.serial == 0 && held.reset_serial == 0)) return false;
  // A second reset order after a finished reset: checks tell what is left to do.
  const bool again = held.resets() && sequencer_->is_done(plan::reset_steps().back().name);
  const bool known = held_ == held;
  held_ = held;
  if (known && !again) return false;
  const Course course = course_of(held);
  log::info("{}", course.meaning);
  // Steps that have failed under an earlier order may succeed under this one.
  const bool fresh = progress_.assignment_serial != course.serial;
  progress_.assignment_serial = course.serial;
  const Time at = now();
  for (const plan::Gate gate : course.closed) sequencer_->close(gate, at);
  for (const plan::Gate gate : course.opened) sequencer_->open(gate, at);
  sequencer_->replace(course.graph, fresh, at);
  carry_out();
  return true;
}

void Driver::grant_arrived() {
  if (!sequencer_) return;
  sequencer_->open(plan::Gate::join_grant, now());
  carry_out();
}

void Driver::finished(const std::string& step, Finish finish) {
  if (!sequencer_) return;
  if (finish.failure)
    log::warning("step {}: {}: {}", step, finish.failure->id.text(), finish.failure->message);
  else
    log::info("step {} is done", step);
  runs_.ended(step);
  sequencer_->finished(step, std::move(finish), now());
  carry_out();
}

void Driver::progress(const std::string& step, std::string detail) {
  runs_.progress(step, std::move(detail));
  changed_();
}

void Driver::outlook(std::vector<Failure> problems) {
  if (problems == outlook_) return;
  for (const Failure& problem : problems)
    log::warning("{}: {}", problem.id.text(), problem.message);
  const bool better = problems.empty();
  outlook_ = std::move(problems);
  // A node that leaves or has left is looked at when it comes back.
  if (held_ && (held_->resets() || held_->away())) return;
  // A node that is in the cluster already stays in it.
  if (!sequencer_ || (!better && in_cluster())) return;
  // Preflight is checked again even if it was done. Steps that have failed for these problems get
  // all their attempts back.
  sequencer_->replace(graph_for(part_of(held_)), better, now());
  carry_out();
}

void Driver::node_gone() {
  if (!sequencer_) return;
  sequencer_->recheck_running(now());
  carry_out();
}

void Driver::watch(Watch watch) {
  if (!sequencer_) return;
  sequencer_->watch(std::move(watch), now());
  carry_out();
}

void Driver::retry() {
  if (!sequencer_) return;
  sequencer_->retry(now());
  carry_out();
}

void Driver::look(std::string_view step) {
  if (!sequencer_) return;
  sequencer_->look(step, now());
  carry_out();
}

std::vector<StepView> Driver::steps() const {
  if (!sequencer_) return {};
  auto views = sequencer_->steps();
  runs_.put_progress(views);
  return views;
}

bool Driver::is_done(std::string_view step) const {
  return sequencer_ && sequencer_->is_done(step);
}

void Driver::carry_out() {
  if (carrying_out_) return;  // the loop below takes these actions as well
  carrying_out_ = true;
  for (auto actions = sequencer_->take_actions(); !actions.empty();
       actions = sequencer_->take_actions())
    for (const Action& action : actions)
      std::visit([this](const auto& each) { act(each); }, action);
  carrying_out_ = false;
}

void Driver::act(const CheckStep& action) {
  log::debug("step {}: checking", action.step);
  tasks_.start(check(action));
}

void Driver::act(const Record& action) {
  runs_.begun(action.step, std::chrono::system_clock::now());
  if (auto saved = save(); !saved) {
    log::error("{}", saved.error().message());
    sequencer_->record_failed(action.step, action.attempt, failure_of_save(saved.error()), now());
    return;
  }
  sequencer_->recorded(action.step, action.attempt, now());
}

void Driver::act(const ApplyStep& action) {
  log::info("step {}: attempt {}", action.step, action.attempt);
  tasks_.start(apply(action));
}

void Driver::act(const ArmTimer& action) {
  timer_.expires_at(action.at);
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    sequencer_->tick(now());
    carry_out();
  });
}

void Driver::act(const Report&) {
  runs_.seen(sequencer_->steps(), std::chrono::system_clock::now());
  if (auto saved = save(); !saved) log::warning("{}", saved.error().message());
  changed_();
}

asio::awaitable<void> Driver::check(CheckStep action) {
  auto found = co_await node_.check(action.step);
  const auto task = co_await asio::this_coro::cancellation_state;
  if (task.cancelled() != asio::cancellation_type::none) co_return;  // no failure of the step
  const auto complaint =
      complaints_.try_emplace(action.step, "step " + action.step + " can be checked again").first;
  if (found) {
    complaint->second.over();
    if (action.step == network_step && !outlook_.empty()) {
      found->state = Check::needed;
      for (const Failure& problem : outlook_) found->changes.push_back(problem.message);
    }
    sequencer_->checked(action.step, action.id, found->state, std::move(found->changes), now());
  } else {
    complaint->second.say("step " + action.step + " cannot be checked: " + found.error().message());
    sequencer_->check_failed(action.step, action.id, failure_of_call(action.step, found.error()),
                             now());
  }
  carry_out();
}

asio::awaitable<void> Driver::apply(ApplyStep action) {
  if (action.step == network_step && !outlook_.empty()) {
    Finish finish;
    finish.attempt = action.attempt;
    finish.failure = outlook_.front();
    finished(action.step, std::move(finish));
    co_return;
  }
  auto begun = co_await node_.apply(action.step, action.attempt);
  const auto task = co_await asio::this_coro::cancellation_state;
  if (begun || task.cancelled() != asio::cancellation_type::none) co_return;
  log::warning("step {}: {}", action.step, begun.error().message());
  if (is_lost(begun.error())) {
    sequencer_->apply_lost(action.step, action.attempt, now());
  } else {
    Finish refused;
    refused.attempt = action.attempt;
    refused.failure = failure_of_call(action.step, begun.error());
    sequencer_->finished(action.step, std::move(refused), now());
  }
  carry_out();
}

Result<> Driver::save() {
  progress_.records = sequencer_->records();
  progress_.runs = runs_.runs();
  if (progress_ == saved_) return {};
  if (auto saved = file_.save(progress_); !saved) return saved;
  saved_ = progress_;
  return {};
}

}  // namespace kagent::kagentd
