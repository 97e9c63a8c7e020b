#include "agent/noded/step/outcome.hpp"

#include "agent/common/base/pause.hpp"
#include "agent/noded/systemd/journal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ranges>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// journald may write a unit's last lines this much after the unit has ended.
constexpr auto journald_is_behind = 150ms;

}  // namespace

Outcome succeeded() {
  return {};
}

Outcome succeeded(const UnitRun& run) {
  Outcome outcome;
  outcome.unit = run.unit;
  outcome.invocation_id = run.invocation_id;
  return outcome;
}

Outcome failed(Failure failure) {
  Outcome outcome;
  outcome.failure = std::move(failure);
  return outcome;
}

Outcome failed(Cause cause, std::string message, std::string remedy) {
  return failed(Failure(cause, std::move(message), std::move(remedy)));
}

Outcome failed(std::string_view step, StepCause cause, std::string message, std::string remedy) {
  return failed(Failure(CauseId(step, cause), std::move(message), std::move(remedy)));
}

Outcome failed(std::string_view step, const Error& error) {
  return failed(failure_of(step, error));
}

asio::awaitable<Outcome> unit_failed(UnitRun run, Cause cause, std::string message,
                                     std::string remedy) {
  return unit_failed(std::move(run), Failure(cause, std::move(message), std::move(remedy)));
}

asio::awaitable<Outcome> unit_failed(UnitRun run, Failure failure) {
  Outcome outcome = failed(std::move(failure));
  outcome.unit = run.unit;
  outcome.invocation_id = run.invocation_id;
  co_await pause(journald_is_behind);
  outcome.failure->journal = journal::last_lines(run.invocation_id, 20);
  co_return outcome;
}

asio::awaitable<std::string> why_it_failed(UnitRun run) {
  std::string why = how_it_ended(run);
  if (run.invocation_id.empty()) co_return why;
  co_await pause(journald_is_behind);
  const std::string said = last_words(journal::last_printed(run.invocation_id, 10));
  if (!said.empty()) why += ": " + said;
  co_return why;
}

std::string last_words(const std::vector<std::string>& lines) {
  constexpr std::size_t wanted = 2;
  std::vector<std::string> kept;
  for (const std::string& line : std::views::reverse(lines)) {
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    if (line.starts_with("To see the stack trace of this error")) continue;
    kept.insert(kept.begin(), line);
    if (kept.size() == wanted) break;
  }
  return fmt::format("{}", fmt::join(kept, "; "));
}

std::string how_it_ended(const UnitRun& run) {
  if (run.result == "exit-code") return fmt::format("exit status {}", run.exit_status);
  if (run.result == "timeout") return "time limit reached";
  if (run.result == "signal" || run.result == "core-dump")
    return fmt::format("killed by signal {}", run.exit_status);
  if (run.result == "oom-kill") return "killed for lack of memory";
  return run.result;
}

}  // namespace kagent::noded
