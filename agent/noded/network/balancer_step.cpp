#include "agent/common/base/file.hpp"
#include "agent/noded/network/balancer_config.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/step/programs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char unit[] = "kagent-balancer.service";
constexpr char unit_path[] = "/etc/systemd/system/kagent-balancer.service";
constexpr char config_path[] = "/etc/kagent/haproxy.cfg";
// Exists while a running HAProxy has not read the new file, so a crash in between is noticed.
constexpr char reload_mark[] = "/run/kagent/balancer-reload";

bool is_wanted(const Context& context) {
  return context.cluster.local_balancer_port() != 0;
}

std::vector<std::string> servers_of(const Context& context) {
  if (!context.assignment) return {};
  const auto& servers = context.assignment->api_servers();
  return usable_servers({servers.begin(), servers.end()});
}

// The step writes the unit, since no package of ours contains it: the node keeps the unit when
// kagent is removed.
std::vector<FileWant> files(const Context& context) {
  const auto port = static_cast<std::uint16_t>(context.cluster.local_balancer_port());
  return {{unit_path, std::string(balancer_unit), 0644},
          {config_path, balancer_config(port, servers_of(context)), 0644}};
}

// Runs HAProxy on every node if no given address leads to all API servers.
class Balancer final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "balancer"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    auto state = co_await context->units->state(unit);
    if (!state) co_return state.error();
    if (!is_wanted(*context)) {
      if (state->alive()) found.need("stop kagent-balancer: the cluster has another endpoint");
      co_return found;
    }
    if (state->load == "masked") co_return found;  // the operator's decision
    if (servers_of(*context).empty()) {
      found.need("lead to the API servers, once the coordinator knows one");
      found.state = StepState::blocked;
      co_return found;
    }
    need_files(*context, files(*context), found);
    if (is_to_come(*context, "haproxy")) {
      found.need("enable and start kagent-balancer, once HAProxy is installed");
      co_return found;
    }
    if (state->file != "enabled") found.need("enable kagent-balancer");
    if (!state->alive())
      found.need("start kagent-balancer");
    else if (found.state == StepState::needed || context->exists(reload_mark))
      found.need("reload kagent-balancer");
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    auto state = co_await context->units->state(unit);
    if (!state) co_return failed(name(), state.error());
    if (!is_wanted(*context)) {
      if (!state->alive()) co_return succeeded();
      auto stopped = co_await context->units->job(Verb::stop, unit);
      if (!stopped) co_return failed(name(), stopped.error());
      co_return succeeded();
    }
    if (state->load == "masked") co_return succeeded();
    if (!context->has_program("haproxy"))
      co_return failed("balancer.program-missing", "HAProxy is not installed",
                       "Install haproxy in the machine image, set packages.mode to install, or "
                       "give controlPlaneEndpoint in the ClusterConfig.");
    if (servers_of(*context).empty())
      co_return failed("balancer.no-servers", "the coordinator knows no API server yet",
                       "None: it tells as soon as a control plane has connected.");
    if (auto written = write(*context); !written) co_return failed(name(), written.error());
    co_return co_await bring_up(context, *state);
  }

 private:
  static Result<> write(const Context& context) {
    const auto wants = files(context);
    const auto other = [&](const FileWant& want) { return differs(context, want); };
    if (std::ranges::none_of(wants, other)) return {};
    const FileWant mark{reload_mark, "", 0600};
    if (auto marked = write_in_place(context, mark); !marked) return marked.error();
    const auto written = write_files(context, wants);
    return written ? Result<>{} : Result<>{written.error()};
  }

  static asio::awaitable<Outcome> bring_up(ContextPtr context, UnitState state) {
    // Enabling makes systemd read its files again.
    if (state.file != "enabled" || context->exists(reload_mark)) {
      auto enabled = co_await context->units->enable(unit);
      if (!enabled) co_return failed("balancer", enabled.error());
    }
    const bool unread = context->exists(reload_mark);
    if (!state.alive() || unread) {
      // A reload keeps open connections, but only a running unit can reload.
      auto done = co_await context->units->job(state.alive() ? Verb::reload : Verb::start, unit);
      if (!done) {
        UnitRun run;
        run.unit = unit;
        auto now = co_await context->units->state(unit);
        if (now) run.invocation_id = now->invocation_id;
        std::string message = "HAProxy does not start: " + done.error().message();
        std::string remedy = fmt::format(
            "See the journal lines; is 127.0.0.1:{} taken? localBalancerPort can be another.",
            context->cluster.local_balancer_port());
        co_return co_await unit_failed(run, "balancer.not-starting", std::move(message),
                                       std::move(remedy));
      }
    }
    if (auto removed = remove_file(context->at(reload_mark)); !removed)
      co_return failed("balancer", removed.error());
    co_return succeeded();
  }
};

}  // namespace

std::unique_ptr<Step> make_balancer() {
  return std::make_unique<Balancer>();
}

}  // namespace kagent::noded
