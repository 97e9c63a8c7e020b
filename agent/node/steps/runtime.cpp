#include "agent/base/file.hpp"
#include "agent/node/containerd_config.hpp"
#include "agent/node/steps/kubernetes.hpp"

#include <fmt/format.h>

namespace kagent::node {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char unit[] = "containerd.service";
constexpr char config_path[] = "/etc/containerd/config.toml";
constexpr char original_path[] = "/etc/containerd/config.toml.kagent-orig";
// Written before the configuration, removed after the restart: a crash in between is seen.
constexpr char restart_mark[] = "/run/kagent/containerd-restart";
constexpr char images_config[] = "/run/kagent/runtime-images.yaml";

std::string text_of(const Context& context, const char* path) {
  auto text = read_file(context.at(path));
  return text ? std::move(*text) : std::string{};
}

bool is_ours(const std::string& config) {
  return config.starts_with("# Made by kagent");
}

// What was there before us: what is there now, unless we made it.
std::string original_of(const Context& context) {
  std::string now = text_of(context, config_path);
  return is_ours(now) ? text_of(context, original_path) : now;
}

asio::awaitable<Result<std::string>> sandbox_image(ContextPtr context) {
  if (const auto& given = context->cluster.containerd().sandbox_image(); !given.empty())
    co_return given;
  auto images = co_await kubeadm_images(context, images_config);
  if (!images) co_return images.error();
  for (const auto& image : *images)
    if (image.find("/pause:") != std::string::npos) co_return image;
  co_return Error(Errc::protocol, "kubeadm config images list names no pause image");
}

asio::awaitable<Result<FileWant>> wanted_config(ContextPtr context) {
  auto image = co_await sandbox_image(context);
  if (!image) co_return image.error();
  Command::Argv argv{"containerd", "--version"};
  auto version = co_await output_of(context, unit_name("runtime", "version"), std::move(argv), 30s);
  if (!version) co_return version.error();
  ContainerdWant want;
  want.sandbox_image = *image;
  want.version_3 =
      version->find(" v2.") != std::string::npos || version->find(" 2.") != std::string::npos;
  for (const auto& [name, text] : context->cluster.containerd().drop_ins())
    want.drop_ins[name] = text;
  auto text = containerd_config(original_of(*context), want);
  if (!text) co_return text.error();
  co_return FileWant{config_path, *text, 0644};
}

// Whether CRI answers, not only whether a process is there. Errors: Units'.
asio::awaitable<Result<bool>> cri_answers(ContextPtr context) {
  Command::Argv argv{"crictl", "--timeout", "10s", "--runtime-endpoint", cri_endpoint, "info"};
  Command command = Command::capturing(unit_name("runtime", "info"), std::move(argv), 20s);
  auto run = co_await context->units->run(std::move(command));
  if (!run) co_return run.error();
  co_return run->ok();
}

class Runtime final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "runtime"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    auto state = co_await context->units->state(unit);
    if (!state) co_return state.error();
    if (state->load == "masked") co_return found;  // an operator's wish
    auto file = co_await wanted_config(context);
    if (!file && file.error().code() == Errc::invalid_argument) {
      found.need(file.error().message());
      co_return found;
    }
    if (!file) co_return file.error();
    if (differs(*context, *file)) found.need(fmt::format("write {}", file->path));
    if (state->file != "enabled") found.need("enable containerd");
    if (state->active != "active")
      found.need("start containerd");
    else if (found.state == StepState::needed || context->exists(restart_mark))
      found.need("restart containerd");
    if (found.state == StepState::needed) co_return found;
    auto answers = co_await cri_answers(context);
    if (!answers) co_return answers.error();
    if (!*answers) found.need("restart containerd: its CRI does not answer");
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    auto state = co_await context->units->state(unit);
    if (!state) co_return failed(name(), state.error());
    if (state->load == "masked")
      co_return failed("runtime.masked", "containerd.service is masked",
                       "Run `systemctl unmask containerd`, if that was not on purpose.");
    if (state->load == "not-found")
      co_return failed("runtime.program-missing", "containerd.service is not installed",
                       "Install containerd in the machine image.");
    auto written = co_await write_config(context);
    if (!written && written.error().code() == Errc::invalid_argument)
      co_return failed("runtime.config", written.error().message(),
                       "Mend that file, or containerd.dropIns of the ClusterConfig.");
    if (!written) co_return failed(name(), written.error());
    co_return co_await restart(context, *written, *state);
  }

 private:
  // True if the running containerd does not have it yet.
  static asio::awaitable<Result<bool>> write_config(ContextPtr context) {
    auto file = co_await wanted_config(context);
    if (!file) co_return file.error();
    if (!differs(*context, *file)) co_return context->exists(restart_mark);
    const FileWant mark{restart_mark, "", 0600};
    if (auto marked = write_in_place(*context, mark); !marked) co_return marked.error();
    const std::string now = text_of(*context, config_path);
    if (!now.empty() && !is_ours(now)) {
      const FileWant original{original_path, now, 0644};
      if (auto kept = write_in_place(*context, original); !kept) co_return kept.error();
    }
    if (auto written = write_in_place(*context, *file); !written) co_return written.error();
    co_return true;
  }

  static asio::awaitable<Outcome> restart(ContextPtr context, bool changed, UnitState state) {
    if (state.file != "enabled") {
      auto enabled = co_await context->units->enable(unit);
      if (!enabled) co_return failed("runtime", enabled.error());
    }
    bool answers = false;
    if (!changed && state.active == "active") {
      auto asked = co_await cri_answers(context);
      answers = asked && *asked;
    }
    if (!answers) {
      auto restarted = co_await context->units->job(Verb::restart, unit);
      if (!restarted) {
        UnitRun run;
        run.unit = unit;
        auto now = co_await context->units->state(unit);
        if (now) run.invocation_id = now->invocation_id;
        std::string message = "containerd does not start: " + restarted.error().message();
        co_return co_await unit_failed(run, "runtime.not-starting", std::move(message),
                                       "See the journal lines, or `journalctl -u containerd`.");
      }
      if (auto removed = remove_file(context->at(restart_mark)); !removed)
        co_return failed("runtime", removed.error());
    }
    auto asked = co_await cri_answers(context);
    if (!asked) co_return failed("runtime", asked.error());
    if (!*asked)
      co_return failed("runtime.cri-not-answering", "containerd runs, but its CRI does not answer",
                       "See `crictl info` and `journalctl -u containerd` on the node.");
    co_return succeeded();
  }
};

}  // namespace

std::unique_ptr<Step> make_runtime() {
  return std::make_unique<Runtime>();
}

}  // namespace kagent::node
