#include "agent/noded/step/common.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/base/pause.hpp"
#include "agent/common/failure/causes.hpp"
#include "agent/noded/machine/machine.hpp"
#include "agent/noded/systemd/journal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ranges>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

bool is_to_come(const Context& context, std::string_view program) {
  return context.cluster.packages().mode() == "install" && !context.has_program(program);
}

bool uses_docker(const Context& context) {
  return context.cluster.runtime() == "docker";
}

bool uses_cri_dockerd(const Context& context) {
  return uses_docker(context) && context.has_program("cri-dockerd");
}

std::vector<std::string> runtime_units(const Context& context) {
  if (!uses_docker(context)) return {"containerd.service"};
  std::vector<std::string> units{"docker.service"};
  if (uses_cri_dockerd(context)) units.emplace_back("cri-docker.service");
  return units;
}

std::string cri_endpoint(const Context& context) {
  if (!uses_docker(context)) return containerd_endpoint;
  return uses_cri_dockerd(context) ? "unix:///run/cri-dockerd.sock" : "/var/run/dockershim.sock";
}

Outcome succeeded() {
  return {};
}

Outcome succeeded(const UnitRun& run) {
  Outcome outcome;
  outcome.unit = run.unit;
  outcome.invocation_id = run.invocation_id;
  return outcome;
}

Outcome failed(std::string cause, std::string message, std::string remedy) {
  Outcome outcome;
  outcome.cause = std::move(cause);
  outcome.message = std::move(message);
  outcome.remedy = std::move(remedy);
  return outcome;
}

Outcome failed(std::string_view step, const Error& error) {
  const std::string prefix(step);
  if (error.code() == Errc::not_found &&
      error.message().find("is not installed") != std::string::npos)
    return failed(prefix + ".program-missing", error.message(),
                  "Install it in the machine image; kagent tries again by itself.");
  if (error.code() == Errc::resource_exhausted)
    return failed(prefix + ".disk-full", error.message(),
                  "Make room on the node's disk; kagent tries again by itself.");
  if (error.code() == Errc::unavailable || error.code() == Errc::deadline_exceeded)
    return failed(prefix + ".no-systemd", error.message(),
                  "systemd does not answer over D-Bus; see `systemctl status` and the journal.");
  return failed(prefix + ".error", error.message(), journal_remedy(error.message()));
}

// Of PID 1: noded itself has a network namespace of its own, with nothing in it.
constexpr char route_table[] = "/proc/1/net/route";
constexpr char fib_trie[] = "/proc/1/net/fib_trie";

// The unit's end, by a little.
constexpr auto journald_is_behind = 150ms;

asio::awaitable<Outcome> unit_failed(UnitRun run, std::string cause, std::string message,
                                     std::string remedy) {
  Outcome outcome = failed(std::move(cause), std::move(message), std::move(remedy));
  outcome.unit = run.unit;
  outcome.invocation_id = run.invocation_id;
  co_await pause(journald_is_behind);
  outcome.journal = journal::last_lines(run.invocation_id, 20);
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

std::string text_of(const Context& context, std::string_view path) {
  auto text = read_file(context.at(path), 64 << 20);
  return text ? std::move(*text) : std::string{};
}

std::string given_address(const Context& context) {
  if (!context.node.node_ip().empty()) return context.node.node_ip();
  return machine::only_address(text_of(context, route_table), text_of(context, fib_trie));
}

std::string own_address(const Context& context) {
  const auto given = given_address(context);
  if (!given.empty()) return given;
  return machine::default_address(text_of(context, route_table), text_of(context, fib_trie));
}

bool differs(const Context& context, const FileWant& want) {
  const auto path = context.at(want.path);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 07777U) != want.mode) return true;
  const auto content = read_file(path);
  return !content || *content != want.content;
}

void need_files(const Context& context, const std::vector<FileWant>& wants, CheckResult& found) {
  for (const FileWant& want : wants)
    if (differs(context, want)) found.need("write " + want.path);
}

namespace {

bool is_private(std::string_view path) {
  return std::ranges::any_of(
      std::array{paths::noded_run, paths::noded_state, paths::agent_state},
      [&](const std::string& folder) { return path.starts_with(folder + "/"); });
}

// With those above it. Whatever our umask is.
Result<> make_folder(const std::filesystem::path& folder, mode_t mode) {
  if (::mkdir(folder.c_str(), mode) == 0)
    return ::chmod(folder.c_str(), mode) == 0 ? Result<>() : errno_error(errno, folder.string());
  if (errno == EEXIST) return {};
  if (errno != ENOENT) return errno_error(errno, "making " + folder.string());
  if (auto above = make_folder(folder.parent_path(), mode); !above) return above;
  return make_folder(folder, mode);
}

}  // namespace

Result<> write_in_place(const Context& context, const FileWant& want) {
  if (context.before)
    if (auto kept = context.before->writing(want.path, want.content); !kept) return kept;
  const auto path = context.at(want.path);
  if (auto made = make_folder(path.parent_path(), is_private(want.path) ? 0700 : 0755); !made)
    return made;
  return write_file_atomic(path, want.content, want.mode);
}

Result<int> write_files(const Context& context, const std::vector<FileWant>& wants) {
  int written = 0;
  for (const FileWant& want : wants) {
    if (!differs(context, want)) continue;
    if (auto result = write_in_place(context, want); !result) return result.error();
    ++written;
  }
  return written;
}

void block_without_order(const Context& context, CheckResult& found) {
  if (!context.reset_ordered && found.state != StepState::running) found.state = StepState::blocked;
}

Outcome no_order(std::string_view step) {
  return failed(std::string(step) + ".no-order",
                "the coordinator has ordered no reset of this node",
                "Run `kagentctl reset` on the coordinator.");
}

std::string unit_name(std::string_view step, std::string_view what) {
  return what.empty() ? fmt::format("kagent-{}.service", step)
                      : fmt::format("kagent-{}-{}.service", step, what);
}

asio::awaitable<Result<std::string>> output_of(ContextPtr context, std::string unit,
                                               Command::Argv argv, std::chrono::seconds limit) {
  const std::string program = argv.front();
  Command command = Command::capturing(std::move(unit), std::move(argv), limit);
  auto run = co_await context->units->run(std::move(command));
  if (!run) co_return run.error();
  if (run->ok()) co_return std::move(run->output);
  const std::string why = co_await why_it_failed(*run);
  co_return Error(Errc::io, fmt::format("{} ({}): {}", program, run->unit, why));
}

asio::awaitable<Result<std::string>> answer_of(ContextPtr context, std::string unit,
                                               Command::Argv argv, std::string input,
                                               std::chrono::seconds limit) {
  const auto answers = context->answers;
  const auto key = Answers::key(context->program(argv.front()), argv, input);
  if (answers && key)
    if (const auto* known = answers->find(*key)) co_return *known;
  auto output = co_await output_of(context, std::move(unit), std::move(argv), limit);
  if (answers && key && output) answers->keep(*key, *output);
  co_return output;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

}  // namespace kagent::noded
