#include "agent/common/base/log.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/trust/pki.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"
#include "agent/noded/step/outcome.hpp"

#include <fmt/format.h>

namespace kagent::noded {
namespace asio = boost::asio;

namespace {

constexpr char config_path[] = "/run/kagent/init.yaml";

std::string random_token() {
  return pki::random_hex(3) + "." + pki::random_hex(8);
}

class Init final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "init"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    auto found = co_await kubeadm_.check(context, admin_conf, "kubeadm init", true);
    if (found && found->state == StepState::needed && !may_init(*context))
      found->state = StepState::blocked;
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    const bool alive = co_await kubeadm_.alive(context);
    if (alive) co_return co_await kubeadm_.adopt(context);
    if (auto end = kubeadm_.settled(*context, admin_conf)) co_return std::move(*end);
    if (!may_init(*context))
      co_return failed("init.no-lease", "the coordinator has not given this node the init lease",
                       "None: the node gets the lease if it is to be the first control plane.");
    Outcome clean = co_await kubeadm_.make_clean(context);
    if (!clean.ok()) co_return clean;
    auto written = co_await write_config(context);
    if (!written) co_return config_failed(written.error());
    Command::Argv argv{"kubeadm", "init", "--config", config_path, "--skip-token-print"};
    if (kubeadm::ignores_all(context->cluster)) argv.emplace_back(kubeadm::ignore_all);
    const std::chrono::seconds limit(context->cluster.timeouts().init_seconds());
    const std::string fence =
        context->assignment ? std::to_string(context->assignment->lease_fence()) : "0";
    co_return co_await kubeadm_.run(context, std::move(argv), limit, fence);
  }

 private:
  static bool may_init(const Context& context) {
    return context.assignment && context.assignment->init();
  }

  static Outcome config_failed(const Error& error) {
    if (error.code() == Errc::invalid_argument || error.code() == Errc::failed_precondition)
      return failed("init.config", error.message(),
                    "Correct the ClusterConfig on the coordinator.");
    return failed("init", error);
  }

  static asio::awaitable<Result<>> write_config(ContextPtr context) {
    auto version = co_await kubeadm_version(context);
    if (!version) co_return version.error();
    kubeadm::InitSecrets secrets;
    secrets.bootstrap_token = random_token();
    const auto registration = registration_of(*context);
    if (!registration) co_return registration.error();
    auto text = kubeadm::init_documents(context->cluster, *registration, *version, secrets);
    if (!text) co_return text.error();
    const FileWant file{config_path, *text, 0600};
    co_return write_in_place(*context, file);
  }

  KubeadmRun kubeadm_{"init", {config_path}};
};

}  // namespace

std::unique_ptr<Step> make_init() {
  return std::make_unique<Init>();
}

}  // namespace kagent::noded
