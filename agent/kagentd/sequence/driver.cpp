#include "agent/kagentd/sequence/driver.hpp"

#include "agent/common/base/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace kagent::kagentd {
namespace asio = boost::asio;

namespace {

// noded, which has no network, does all of it but what the outlook is about.
constexpr char network_step[] = "preflight";

Time now() {
  return std::chrono::steady_clock::now();
}

Part part_of(const HeldAssignment& held) {
  Part part;
  part.role = held.role;
  part.init = held.init;
  return part;
}

bool is_lost(const Error& error) {
  return error.code() == Errc::unavailable || error.code() == Errc::deadline_exceeded ||
         error.code() == Errc::cancelled;
}

// Of a call that kagent-noded did not do for us.
Failure refusal_of(const std::string& step, const Error& error) {
  if (is_lost(error))
    return {"noded.unavailable", error.message(),
            "See `journalctl -u kagent-noded` on the node; kagent tries again by itself."};
  if (error.code() == Errc::permission_denied)
    return {"noded.refused", error.message(),
            "See the D-Bus policy io.kagent.Node1.conf of the node."};
  return {CauseId(step, "check-failed"), error.message(), journal_remedy(error)};
}

}  // namespace

Driver::Driver(asio::any_io_executor loop, NodeClient& node, Journal journal,
               std::function<void()> changed)
    : loop_(loop),
      node_(node),
      journal_(std::move(journal)),
      changed_(std::move(changed)),
      timer_(loop) {}

void Driver::start(const HeldAssignment& held) {
  auto loaded = journal_.load();
  if (loaded)
    progress_ = std::move(*loaded);
  else
    log::warning("{}; starting from the checks of the steps", loaded.error().message());
  saved_ = progress_;
  sequencer_.emplace(graph_for({}), progress_.records, now());
  // Nothing has begun yet: what the sequencer wants is taken once it knows the assignment.
  assigned(held);
  drain();
}

void Driver::assigned(const HeldAssignment& held) {
  if (!sequencer_ || (held.serial == 0 && held.reset_serial == 0)) return;
  // Done under an earlier order: what this one still wants, checks tell.
  const bool again = held.resets() && sequencer_->is_done(plan::reset_steps().back().name);
  const bool known = held_ == held;
  held_ = held;
  if (known && !again) return;
  // Another order: what has failed under the old one may succeed under it.
  const std::uint64_t serial = held.resets() ? held.reset_serial : held.serial;
  const bool fresh = progress_.assignment_serial != serial;
  progress_.assignment_serial = serial;
  const Time at = now();
  if (held.resets() || held.away()) {
    if (held.resets())
      log::info("this node resets itself (order {})", held.reset_serial);
    else
      log::info("this node has left, by order {}; it waits for an assignment", held.reset_serial);
    sequencer_->close(plan::Gate::init_lease, at);
    sequencer_->close(plan::Gate::join_grant, at);
    sequencer_->replace(held.resets() ? reset_graph() : Graph(), fresh, at);
    drain();
    return;
  }
  log::info("this node is a {}{} (assignment {})", plan::to_string(held.role),
            held.init ? " and initialises the cluster" : "", held.serial);
  const Part part = part_of(held);
  sequencer_->open(plan::Gate::assignment, at);
  if (part.init)
    sequencer_->open(plan::Gate::init_lease, at);
  else
    sequencer_->close(plan::Gate::init_lease, at);
  sequencer_->replace(graph_for(part), fresh, at);
  drain();
}

void Driver::grant_arrived() {
  if (!sequencer_) return;
  sequencer_->open(plan::Gate::join_grant, now());
  drain();
}

void Driver::finished(const std::string& step, Finish finish) {
  if (!sequencer_) return;
  if (finish.failure)
    log::warning("step {}: {}: {}", step, finish.failure->id.text(), finish.failure->message);
  else
    log::info("step {} is done", step);
  progress_of_.erase(step);
  if (const auto run = progress_.runs.find(step); run != progress_.runs.end())
    run->second.finished.reset();
  sequencer_->finished(step, std::move(finish), now());
  drain();
}

void Driver::progress(const std::string& step, std::string detail) {
  progress_of_[step] = std::move(detail);
  changed_();
}

void Driver::outlook(std::vector<Failure> problems) {
  if (problems == outlook_) return;
  for (const Failure& problem : problems)
    log::warning("{}: {}", problem.id.text(), problem.message);
  const bool better = problems.empty();
  outlook_ = std::move(problems);
  // What a node that leaves or has left is like is asked when it comes back.
  if (held_ && (held_->resets() || held_->away())) return;
  // In the cluster it is late: what it is, it is.
  if (!sequencer_ || (!better && (is_done("init") || is_done("join")))) return;
  // Checked again, though it was done before; what has failed because of it may try again, with all
  // its attempts.
  const std::optional<Part> part = held_ ? std::optional(part_of(*held_)) : std::nullopt;
  sequencer_->replace(graph_for(part), better, now());
  drain();
}

void Driver::node_gone() {
  if (!sequencer_) return;
  sequencer_->recheck_running(now());
  drain();
}

void Driver::watch(Watch watch) {
  if (!sequencer_) return;
  sequencer_->watch(std::move(watch), now());
  drain();
}

void Driver::retry() {
  if (!sequencer_) return;
  sequencer_->retry(now());
  drain();
}

void Driver::look(std::string_view step) {
  if (!sequencer_) return;
  sequencer_->look(step, now());
  drain();
}

std::vector<StepView> Driver::steps() const {
  if (!sequencer_) return {};
  auto views = sequencer_->steps();
  for (StepView& view : views)
    if (const auto at = progress_of_.find(view.name);
        at != progress_of_.end() && view.state == State::running)
      view.detail = at->second;
  return views;
}

bool Driver::is_done(std::string_view step) const {
  return sequencer_ && sequencer_->is_done(step);
}

void Driver::drain() {
  if (draining_) return;  // the loop below sees it
  draining_ = true;
  for (auto actions = sequencer_->take_actions(); !actions.empty();
       actions = sequencer_->take_actions())
    for (const Action& action : actions)
      std::visit([this](const auto& each) { act(each); }, action);
  draining_ = false;
}

void Driver::act(const CheckStep& action) {
  log::debug("step {}: checking", action.step);
  asio::co_spawn(loop_, check(action), asio::detached);
}

void Driver::act(const Record& action) {
  progress_.records = sequencer_->records();
  LastRun run;
  run.started = std::chrono::system_clock::now();
  progress_.runs[action.step] = std::move(run);
  if (auto saved = save(); !saved) {
    log::error("{}", saved.error().message());
    const bool full = saved.error().code() == Errc::resource_exhausted;
    Failure failure(full ? Cause("disk.full") : Cause("journal.unwritable"),
                    saved.error().message(),
                    "Make room or mend the disk; kagent goes on by itself.");
    sequencer_->record_failed(action.step, action.attempt, std::move(failure), now());
    return;
  }
  sequencer_->recorded(action.step, action.attempt, now());
}

void Driver::act(const ApplyStep& action) {
  log::info("step {}: attempt {}", action.step, action.attempt);
  asio::co_spawn(loop_, apply(action), asio::detached);
}

void Driver::act(const ArmTimer& action) {
  timer_.expires_at(action.at);
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    sequencer_->tick(now());
    drain();
  });
}

void Driver::act(const Report&) {
  note_runs();
  progress_.records = sequencer_->records();
  if (auto saved = save(); !saved) log::warning("{}", saved.error().message());
  changed_();
}

asio::awaitable<void> Driver::check(CheckStep action) {
  auto found = co_await node_.check(action.step);
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
    sequencer_->check_failed(action.step, action.id, refusal_of(action.step, found.error()), now());
  }
  drain();
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
  if (begun) co_return;
  log::warning("step {}: {}", action.step, begun.error().message());
  if (is_lost(begun.error())) {
    sequencer_->apply_lost(action.step, action.attempt, now());
  } else {
    Finish refused;
    refused.attempt = action.attempt;
    refused.failure = refusal_of(action.step, begun.error());
    sequencer_->finished(action.step, std::move(refused), now());
  }
  drain();
}

Result<> Driver::save() {
  if (progress_ == saved_) return {};
  if (auto saved = journal_.save(progress_); !saved) return saved;
  saved_ = progress_;
  return {};
}

// The sequencer knows no wall clock: an end is when it is seen here.
void Driver::note_runs() {
  for (const StepView& view : sequencer_->steps()) {
    const auto found = progress_.runs.find(view.name);
    if (found == progress_.runs.end()) continue;
    LastRun& run = found->second;
    const bool over = view.state == State::done || view.state == State::retrying ||
                      view.state == State::failed || view.state == State::waiting;
    if (over && !run.finished) run.finished = std::chrono::system_clock::now();
    if (!view.unit.empty()) run.unit = view.unit;
    if (!view.invocation_id.empty()) run.invocation_id = view.invocation_id;
  }
}

}  // namespace kagent::kagentd
