#include "agent/common/base/file.hpp"
#include "agent/common/plan/plan.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/reset/leftovers.hpp"
#include "agent/noded/reset/order.hpp"
#include "agent/noded/step/cri.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/step/programs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char kubelet_folder[] = "/var/lib/kubelet";
// If the API server is down, kubeadm waits some time for each etcd member.
constexpr auto reset_limit = 300s;

std::vector<std::string> mounts(const Context& context) {
  const auto info = read_file(context.at("/proc/1/mountinfo"));
  return info ? leftovers::mounts_below(*info, kubelet_folder) : std::vector<std::string>{};
}

// Units of steps that are running, such as init or join. A reset stops them first.
asio::awaitable<Result<std::vector<std::string>>> steps_at_work(ContextPtr context) {
  std::vector<std::string> alive;
  for (const plan::Step& step : plan::all_steps()) {
    auto state = co_await context->units->state(unit_name(step.name));
    if (!state) co_return state.error();
    if (state->alive()) alive.push_back(unit_name(step.name));
  }
  co_return alive;
}

asio::awaitable<Result<std::vector<std::string>>> pod_sandboxes(ContextPtr context) {
  if (const auto program = find_program("crictl"); !program) co_return std::vector<std::string>{};
  Command::Argv argv{"crictl", "--runtime-endpoint", cri_endpoint(*context), "pods", "-q"};
  Command command = Command::capturing(unit_name("reset", "pods"), std::move(argv), 30s);
  auto run = co_await context->commands->run(std::move(command));
  if (!run) co_return run.error();
  // Without a container runtime no pod runs.
  co_return run->ok() ? lines_of(run->output) : std::vector<std::string>{};
}

// Runs kubeadm reset, then removes what it may leave: running pods and their mounts.
class Reset final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "reset"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    auto running = co_await context->units->state(unit_name(name()));
    if (!running) co_return running.error();
    if (running->alive()) {
      found.state = StepState::running;
      co_return found;
    }
    auto alive = co_await steps_at_work(context);
    if (!alive) co_return alive.error();
    for (const auto& unit : *alive) found.need("stop " + unit);
    if (const auto left = kubeadm_leftovers(*context); !left.empty())
      found.need(fmt::format("kubeadm reset: {}", fmt::join(left, ", ")));
    auto pods = co_await pod_sandboxes(context);
    if (!pods) co_return pods.error();
    if (!pods->empty()) found.need(fmt::format("remove {} pod(s) from the runtime", pods->size()));
    for (const auto& mount : mounts(*context)) found.need("unmount " + mount);
    block_without_order(*context, found);
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    if (!context->reset_ordered) co_return no_order(name());
    auto adopted = co_await context->commands->adopt(unit_name(name()));
    if (!adopted) co_return failed(name(), adopted.error());
    auto alive = co_await steps_at_work(context);
    if (!alive) co_return failed(name(), alive.error());
    for (const auto& unit : *alive) {
      auto stopped = co_await context->units->job(Verb::stop, unit);
      if (!stopped) co_return failed(name(), stopped.error());
    }
    if (!kubeadm_leftovers(*context).empty()) {
      Outcome reset = co_await kubeadm_reset(context);
      if (!reset.ok()) co_return reset;
    }
    co_return co_await clear_away(context);
  }

 private:
  static asio::awaitable<Outcome> kubeadm_reset(ContextPtr context) {
    Command::Argv argv{"kubeadm", "reset", "--force", "--cri-socket", cri_endpoint(*context)};
    Command command(unit_name("reset"), std::move(argv), reset_limit);
    auto run = co_await context->commands->run(std::move(command));
    if (!run) co_return failed("reset", run.error());
    if (!run->ok()) {
      std::string message = "kubeadm reset failed: " + how_it_ended(*run);
      co_return co_await unit_failed(*run, "reset.kubeadm-failed", std::move(message),
                                     "See the journal lines; kagent tries again by itself.");
    }
    // Versions of kubeadm differ in what they leave.
    for (const std::string& path : kubeadm_leftovers(*context)) {
      std::error_code error;
      std::filesystem::remove_all(context->at(path), error);
      if (error) co_return failed("reset", errno_error(error.value(), "removing " + path));
    }
    co_return succeeded(*run);
  }

  static asio::awaitable<Outcome> clear_away(ContextPtr context) {
    std::vector<Command::Argv> lines;
    auto pods = co_await pod_sandboxes(context);
    if (!pods) co_return failed("reset", pods.error());
    if (!pods->empty()) {
      Command::Argv argv{"crictl", "--runtime-endpoint", cri_endpoint(*context), "rmp", "--force"};
      argv.insert(argv.end(), pods->begin(), pods->end());
      lines.push_back(std::move(argv));
    }
    for (auto& mount : mounts(*context)) {
      Command::Argv argv{"umount", "--lazy", std::move(mount)};
      lines.push_back(std::move(argv));
    }
    if (lines.empty()) co_return succeeded();
    Command command(unit_name("reset", "rest"), std::move(lines), 120s);
    auto run = co_await context->commands->run(std::move(command));
    if (!run) co_return failed("reset", run.error());
    if (run->ok()) co_return succeeded(*run);
    std::string message = "pods or mounts could not be removed: " + how_it_ended(*run);
    co_return co_await unit_failed(*run, "reset.pods-left", std::move(message),
                                   "See the journal lines; kagent tries again by itself.");
  }
};

}  // namespace

std::unique_ptr<Step> make_reset() {
  return std::make_unique<Reset>();
}

}  // namespace kagent::noded
