#include "agent/common/base/log.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"
#include "agent/noded/step/outcome.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char config_path[] = "/run/kagent/join.yaml";
constexpr char probe_path[] = "/run/kagent/api-probe.conf";
constexpr char discovery_path[] = "/run/kagent/discovery.conf";

class Join final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "join"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    std::string change = "kubeadm join";
    if (context->grant) change += " " + context->grant->api_server();
    const bool resets = behind(*context).empty();
    if (!resets) change += ", from where it was cut off";
    auto found = co_await kubeadm_.check(context, kubelet_conf, std::move(change), resets);
    if (found && found->state == StepState::needed && !context->grant)
      found->state = StepState::blocked;
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    const bool alive = co_await kubeadm_.alive(context);
    if (alive) co_return co_await kubeadm_.adopt(context);
    if (auto end = kubeadm_.settled(*context, kubelet_conf)) co_return std::move(*end);
    if (!context->grant)
      co_return failed("join.token-expired", "the join grant is missing or has expired",
                       "None: the coordinator hands out a new one by itself.");
    Outcome reachable = co_await probe(context);
    if (!reachable.ok()) co_return reachable;
    const auto phases = behind(*context);
    if (phases.empty()) {
      Outcome clean = co_await kubeadm_.make_clean(context);
      if (!clean.ok()) co_return clean;
    } else {
      log::warning("join: an earlier run was cut off as a control plane; finishing it");
    }
    auto written = co_await write_config(context);
    if (!written && written.error().code() == Errc::invalid_argument)
      co_return failed("join.config", written.error().message(),
                       "Mend the ClusterConfig on the coordinator.");
    if (!written) co_return failed(name(), written.error());
    Command::Argv argv{"kubeadm", "join", "--config", config_path};
    if (kubeadm::ignores_all(context->cluster)) argv.emplace_back(kubeadm::ignore_all);
    if (!phases.empty()) argv.push_back(fmt::format("--skip-phases={}", fmt::join(phases, ",")));
    const std::chrono::seconds limit(context->cluster.timeouts().join_seconds());
    co_return co_await kubeadm_.run(context, std::move(argv), limit, "join");
  }

 private:
  static std::vector<std::string> behind(const Context& context) {
    if (!context.control_plane() || !context.grant || !context.exists(marks_of("join").started))
      return {};
    return phases_behind(context, context.grant->ca_certificates());
  }

  // kubeadm would wait minutes for an API server that does not answer. Any answer of the right
  // server will do.
  static asio::awaitable<Outcome> probe(ContextPtr context) {
    const auto& grant = *context->grant;
    const FileWant config{
        probe_path, kubeadm::anonymous_kubeconfig(grant.api_server(), grant.ca_certificates()),
        0600};
    if (auto written = write_in_place(*context, config); !written)
      co_return failed("join", written.error());
    Command::Argv argv{"kubectl", "--kubeconfig", probe_path, "--request-timeout=10s",
                       "get",     "--raw",        "/version"};
    Command command(unit_name("join", "probe"), std::move(argv), 30s);
    auto run = co_await context->commands->run(std::move(command));
    if (!run) co_return failed("join", run.error());
    if (run->ok()) co_return succeeded();
    Outcome outcome = co_await unit_failed(*run, "join.api-unreachable", "", "");
    auto known = api_trouble("join", outcome.failure->journal);
    if (!known && run->result != "timeout") co_return succeeded();  // an answer, though a refusal
    if (!known) known = api_trouble("join", {"deadline exceeded"});
    known->message += " (" + grant.api_server() + ")";
    known->journal = std::move(outcome.failure->journal);
    outcome.failure = std::move(*known);
    co_return outcome;
  }

  static asio::awaitable<Result<>> write_config(ContextPtr context) {
    auto version = co_await kubeadm_version(context);
    if (!version) co_return version.error();
    const auto& grant = *context->grant;
    kubeadm::JoinSecrets secrets;
    secrets.discovery_file = discovery_path;
    secrets.bootstrap_token = grant.bootstrap_token();
    secrets.certificate_key = grant.certificate_key();
    secrets.control_plane = context->control_plane();
    const auto registration = registration_of(*context);
    if (!registration) co_return registration.error();
    auto text = kubeadm::join_documents(context->cluster, *registration, *version, secrets);
    if (!text) co_return text.error();
    const FileWant config{config_path, *text, 0600};
    const FileWant discovery{
        discovery_path, kubeadm::discovery_kubeconfig(grant.api_server(), grant.ca_certificates()),
        0600};
    if (auto written = write_in_place(*context, config); !written) co_return written.error();
    co_return write_in_place(*context, discovery);
  }

  KubeadmRun kubeadm_{"join", {config_path, discovery_path}};
};

}  // namespace

bool grant_is_spent(const Outcome& join) {
  if (join.ok() || join.unit == unit_name("join")) return true;
  const CauseId& id = join.failure->id;
  return id.is("join.interrupted") || id.is("join.unauthorized") || id.is("join.token-expired");
}

std::unique_ptr<Step> make_join() {
  return std::make_unique<Join>();
}

}  // namespace kagent::noded
