#include "agent/noded/runtime/runtime_daemon.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/outcome.hpp"

#include <fmt/format.h>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

std::string aside(const std::string& path) {
  return path + ".kagent-orig";
}

bool is_ours(std::string_view text) {
  return text.starts_with(made_by_kagent);
}

// Keeps an operator's file before it is replaced. Our JSON files bear no mark, so the first one
// found counts as the operator's, and we record even that there was none. A file of ours that
// somebody has edited is kept as evidence.
Result<> keep_original(const Context& context, const FileWant& want) {
  const std::string now = text_of(context, want.path);
  if (is_ours(now)) {
    const auto wrote = context.before ? context.before->wrote(want.path, now) : Result<bool>(true);
    if (!wrote || *wrote) return {};
    const auto name = std::filesystem::path(want.path).filename().string();
    return write_in_place(
        context, {fmt::format("{}/evidence/runtime/{}", paths::noded_state, name), now, 0600});
  }
  const bool marked = is_ours(want.content);
  if (marked ? now.empty() : context.exists(aside(want.path))) return {};
  const FileWant original{aside(want.path), now, want.mode};
  return write_in_place(context, original);
}

}  // namespace

std::string original_text(const Context& context, const std::string& path) {
  std::string now = text_of(context, path);
  const bool ours = is_ours(now) || (path.ends_with(".json") && context.exists(aside(path)));
  return ours ? text_of(context, aside(path)) : now;
}

asio::awaitable<Result<std::string>> sandbox_image(ContextPtr context) {
  if (const auto& given = context->cluster.containerd().sandbox_image(); !given.empty())
    co_return given;
  auto images = co_await kubeadm_images(context);
  if (!images) co_return images.error();
  for (const auto& image : *images)
    if (image.find("/pause:") != std::string::npos) co_return image;
  co_return Error(Errc::protocol, "kubeadm config images list names no pause image");
}

asio::awaitable<Result<std::optional<std::string>>> cri_info(ContextPtr context,
                                                             std::string endpoint) {
  Command::Argv argv{"crictl", "--timeout", "10s", "--runtime-endpoint", endpoint, "info"};
  Command command = Command::capturing(unit_name("runtime", "info"), std::move(argv), 20s);
  auto run = co_await context->commands->run(std::move(command));
  if (!run) co_return run.error();
  if (!run->ok()) co_return std::nullopt;
  co_return std::move(run->output);
}

std::string RuntimeDaemon::restart_mark() const {
  return fmt::format("/run/kagent/{}-restart", name_);
}

asio::awaitable<Result<>> RuntimeDaemon::check(ContextPtr context, CheckResult& found) {
  auto state = co_await context->units->state(unit());
  if (!state) co_return state.error();
  if (state->load == "masked") co_return Result<>{};  // the operator's decision
  auto wants = co_await files(context);
  if (!wants && wants.error().code() == Errc::invalid_argument) {
    found.need(wants.error().message());
    co_return Result<>{};
  }
  if (!wants) co_return wants.error();
  CheckResult mine;
  need_files(*context, *wants, mine);
  if (state->file != "enabled") mine.need("enable " + name_);
  if (state->active != "active")
    mine.need("start " + name_);
  else if (mine.state == StepState::needed || context->exists(restart_mark()))
    mine.need("restart " + name_);
  if (mine.state != StepState::needed) {
    auto answered = co_await answers(context);
    if (!answered) co_return answered.error();
    if (*answered == Answer::none)
      mine.need(fmt::format("restart {}: it does not answer", name_));
    else if (*answered == Answer::other_cgroups)
      mine.need(fmt::format("restart {}: it does not run cgroups by systemd", name_));
  }
  for (auto& change : mine.changes) found.need(std::move(change));
  co_return Result<>{};
}

asio::awaitable<Outcome> RuntimeDaemon::apply(ContextPtr context) {
  auto state = co_await context->units->state(unit());
  if (!state) co_return failed("runtime", state.error());
  if (state->load == "masked")
    co_return failed(
        "runtime.masked", unit() + " is masked",
        fmt::format("Run `systemctl unmask {}` unless you masked it on purpose.", name_));
  if (state->load == "not-found")
    co_return failed("runtime.program-missing", unit() + " is not installed",
                     fmt::format("Install {} in the machine image, or set packages.mode to install "
                                 "in the ClusterConfig.",
                                 name_));
  auto changed = co_await write(context);
  if (!changed && changed.error().code() == Errc::invalid_argument)
    co_return failed(
        "runtime.config", changed.error().message(),
        "Correct the text that the message names: the node's own file or the ClusterConfig.");
  if (!changed) co_return failed("runtime", changed.error());
  co_return co_await restart(context, *changed, *state);
}

asio::awaitable<Result<Command::Argv>> RuntimeDaemon::validation(ContextPtr, std::string) {
  co_return Command::Argv{};
}

// The draft is in the folder of the old file, because the file may import others from there.
asio::awaitable<Result<>> RuntimeDaemon::validate(ContextPtr context, FileWant want) {
  if (want.path != config_) co_return Result<>{};
  // Records missing folders as made for the final file, before the draft makes them.
  if (context->before)
    if (auto kept = context->before->writing(want.path, want.content); !kept) co_return kept;
  want.path += ".kagent-new";
  auto argv = co_await validation(context, want.path);
  if (!argv) co_return argv.error();
  if (argv->empty()) co_return Result<>{};
  if (auto written = write_in_place(*context, want); !written) co_return written.error();
  Command command = Command::capturing(unit_name("runtime", "validate"), std::move(*argv), 30s);
  auto run = co_await context->commands->run(std::move(command));
  if (auto removed = remove_file(context->at(want.path)); !removed) co_return removed.error();
  if (!run) co_return run.error();
  if (run->ok()) co_return Result<>{};
  const std::string why = co_await why_it_failed(*run);
  co_return Error(
      Errc::invalid_argument,
      fmt::format("{} refuses the new {}, so the old one stays: {}", name_, config_, why));
}

// Returns true if the running daemon has not read the files yet.
asio::awaitable<Result<bool>> RuntimeDaemon::write(ContextPtr context) {
  auto wants = co_await files(context);
  if (!wants) co_return wants.error();
  for (const FileWant& want : *wants) {
    if (!differs(*context, want)) continue;
    auto valid = co_await validate(context, want);
    if (!valid) co_return valid.error();
    const FileWant mark{restart_mark(), "", 0600};
    if (auto marked = write_in_place(*context, mark); !marked) co_return marked.error();
    if (auto kept = keep_original(*context, want); !kept) co_return kept.error();
    if (auto written = write_in_place(*context, want); !written) co_return written.error();
  }
  co_return context->exists(restart_mark());
}

asio::awaitable<Outcome> RuntimeDaemon::restart(ContextPtr context, bool changed, UnitState state) {
  // Needed for a changed drop-in too: enabling makes systemd read its files again.
  if (changed || state.file != "enabled") {
    auto enabled = co_await context->units->enable(unit());
    if (!enabled) co_return failed("runtime", enabled.error());
  }
  bool well = false;
  if (!changed && state.active == "active") {
    auto answered = co_await answers(context);
    well = answered && *answered == Answer::well;
  }
  if (!well) {
    auto restarted = co_await context->units->job(Verb::restart, unit());
    if (!restarted) {
      UnitRun run;
      run.unit = unit();
      auto now = co_await context->units->state(unit());
      if (now) run.invocation_id = now->invocation_id;
      std::string message = name_ + " does not start: " + restarted.error().message();
      std::string remedy =
          fmt::format("See the journal lines, or `journalctl -u {}` on the node.", name_);
      co_return co_await unit_failed(run, "runtime.not-starting", std::move(message),
                                     std::move(remedy));
    }
    if (auto removed = remove_file(context->at(restart_mark())); !removed)
      co_return failed("runtime", removed.error());
  }
  auto answered = co_await answers(context);
  if (!answered) co_return failed("runtime", answered.error());
  if (*answered == Answer::none)
    co_return failed("runtime.not-answering", name_ + " runs, but does not answer",
                     fmt::format("See `journalctl -u {}` on the node.", name_));
  if (*answered == Answer::other_cgroups)
    co_return failed("runtime.cgroup-driver",
                     name_ + "'s cgroup driver is not systemd, which kubelet uses",
                     "Find what overrides kagent's configuration: an imported file, a drop-in "
                     "of the ClusterConfig, or an option of the unit.");
  co_return succeeded();
}

}  // namespace kagent::noded
