#include "agent/node/steps/kubernetes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace kagent::node {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct Readiness {
  bool ready = false;
  std::string reason = "NotRegistered";
  std::string message = "kubelet has not registered the node";
};

Readiness readiness_in(const nlohmann::json& node) {
  Readiness readiness;
  if (!node.is_object()) return readiness;
  for (const auto& condition :
       node.value("/status/conditions"_json_pointer, nlohmann::json::array()))
    if (condition.value("type", "") == "Ready") {
      readiness.ready = condition.value("status", "") == "True";
      readiness.reason = condition.value("reason", "");
      readiness.message = condition.value("message", "");
    }
  return readiness;
}

// With the kubelet's own credentials: they too must work.
asio::awaitable<Result<Readiness>> ask(ContextPtr context) {
  Command::Argv argv{"kubectl", "--kubeconfig",        kubelet_conf, "--request-timeout=10s",
                     "get",     "node/" + node_name(), "-o",         "json"};
  Command command = Command::capturing(unit_name("ready", "ask"), std::move(argv), 30s);
  auto run = co_await context->units->run(std::move(command));
  if (!run) co_return run.error();
  co_return readiness_in(nlohmann::json::parse(run->output, nullptr, false));
}

class Ready final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "ready"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    if (!context->exists(kubelet_conf)) {
      found.need("wait for the node to be in the cluster");
      co_return found;
    }
    auto readiness = co_await ask(context);
    if (!readiness) co_return readiness.error();
    if (!readiness->ready)
      found.need(fmt::format("wait for the node to be Ready ({})", readiness->reason));
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    const auto limit = std::chrono::seconds(context->cluster.timeouts().ready_seconds());
    Command::Argv argv{"kubectl",
                       "--kubeconfig",
                       kubelet_conf,
                       "wait",
                       "--for=condition=Ready",
                       "node/" + node_name(),
                       fmt::format("--timeout={}s", limit.count())};
    Command command(unit_name("ready"), std::move(argv), limit + 10s);
    auto run = co_await context->units->run(std::move(command));
    if (!run) co_return failed(name(), run.error());
    if (run->ok()) co_return succeeded(*run);
    auto readiness = co_await ask(context);
    if (!readiness) co_return failed(name(), readiness.error());
    if (readiness->ready) co_return succeeded(*run);
    const bool cni = readiness->message.find("cni") != std::string::npos;
    std::string message =
        fmt::format("the node is not Ready: {}: {}", readiness->reason, readiness->message);
    co_return co_await unit_failed(
        *run, cni ? "ready.no-cni" : "ready.not-ready", std::move(message),
        cni ? "Give the ClusterConfig a CNI manifest (cni.manifests), or apply one by hand."
            : "See `journalctl -u kubelet` on the node.");
  }
};

}  // namespace

std::unique_ptr<Step> make_ready() {
  return std::make_unique<Ready>();
}

}  // namespace kagent::node
