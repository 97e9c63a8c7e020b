#include "agent/common/config/documents.hpp"
#include "agent/common/config/rules.hpp"
#include "agent/common/trust/node_identity.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/kubelet/kubelet_trouble.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/step/programs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char not_registered[] = "NotRegistered";
constexpr auto registration_limit = 90s;

// This node as the API server sees it.
struct Seen {
  bool ready = false;
  std::string reason = not_registered;
  std::string message = "kubelet has not registered the node";
  std::string pod_cidr;
  std::vector<std::string> labels_missing;  // KEY=VALUE
};

Seen seen_in(const nlohmann::json& node, const v1::NodeConfig& config) {
  Seen seen;
  if (!node.is_object()) return seen;
  for (const auto& condition :
       node.value("/status/conditions"_json_pointer, nlohmann::json::array()))
    if (condition.value("type", "") == "Ready") {
      seen.ready = condition.value("status", "") == "True";
      seen.reason = condition.value("reason", "");
      seen.message = condition.value("message", "");
    }
  seen.pod_cidr = node.value("/spec/podCIDR"_json_pointer, "");
  const auto labels = node.value("/metadata/labels"_json_pointer, nlohmann::json::object());
  for (const auto& [key, value] : config.labels())
    if (!labels.contains(key) || labels.at(key) != value)
      seen.labels_missing.push_back(key + "=" + value);
  std::ranges::sort(seen.labels_missing);
  return seen;
}

// Uses kubelet's own credentials, which must work too.
asio::awaitable<Result<Seen>> ask(ContextPtr context) {
  Command::Argv argv{"kubectl", "--kubeconfig",        kubelet_conf, "--request-timeout=10s",
                     "get",     "node/" + node_name(), "-o",         "json"};
  Command command = Command::capturing(unit_name("ready", "ask"), std::move(argv), 30s);
  auto run = co_await context->commands->run(std::move(command));
  if (!run) co_return run.error();
  co_return seen_in(nlohmann::json::parse(run->output, nullptr, false), context->node);
}

// The pod range that kubeadm has recorded in the cluster; the ClusterConfig may have changed since.
asio::awaitable<std::string> pod_cidr_of_cluster(ContextPtr context) {
  Command::Argv argv{"kubectl", "--kubeconfig", kubelet_conf, "--request-timeout=10s",
                     "-n",      "kube-system",  "get",        "configmap/kubeadm-config",
                     "-o",      "json"};
  auto output = co_await output_of(context, unit_name("ready", "config"), std::move(argv), 30s);
  if (!output) co_return std::string();
  const auto map = nlohmann::json::parse(*output, nullptr, false);
  if (!map.is_object()) co_return std::string();
  const auto documents =
      config::parse_documents(map.value("/data/ClusterConfiguration"_json_pointer, std::string()));
  if (!documents || documents->empty()) co_return std::string();
  co_return documents->front().value("/networking/podSubnet"_json_pointer, std::string());
}

// Nodes get Ready though the CNI's range is another one, and pods do not reach each other.
asio::awaitable<std::optional<Failure>> pod_cidr_trouble(ContextPtr context, std::string pod_cidr) {
  if (!pod_cidr.empty() && config::cidr_contains(context->cluster.pod_cidr(), pod_cidr))
    co_return std::nullopt;
  const std::string range = co_await pod_cidr_of_cluster(context);
  if (range.empty()) co_return std::nullopt;
  if (pod_cidr.empty())
    co_return Failure(
        "ready.no-pod-cidr",
        "the node is Ready, but the cluster has given it no range of pod addresses",
        "See the log of kube-controller-manager: --allocate-node-cidrs, and whether " + range +
            " is used up.");
  if (config::cidr_contains(range, pod_cidr)) co_return std::nullopt;
  co_return Failure(
      "ready.pod-cidr",
      fmt::format("the node's pod range {} is outside of the cluster's {}", pod_cidr, range),
      "Delete the Node and reset it: `kagentctl reset NODE`; it gets another range.");
}

// A join ends before kubelet has registered the node, and kubectl cannot wait for a condition of a
// node that does not exist. `kubectl wait --for=create` exists since 1.31; with an older kubectl, a
// retry does the same.
bool knows_create(const kubeadm::Version& version) {
  return version.major > 1 || version.minor >= 31;
}

Command::Argv wait_for_node() {
  return {"kubectl",
          "--kubeconfig",
          kubelet_conf,
          "wait",
          "--for=create",
          "node/" + node_name(),
          fmt::format("--timeout={}s", registration_limit.count())};
}

bool has_cni_configuration(const Context& context) {
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(context.at("/etc/cni/net.d"), ignored)) {
    const auto extension = entry.path().extension();
    if (extension == ".conf" || extension == ".conflist" || extension == ".json") return true;
  }
  return false;
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
    auto seen = co_await ask(context);
    if (!seen) co_return seen.error();
    if (!seen->ready) {
      found.need(fmt::format("wait for the node to be Ready ({})", seen->reason));
      co_return found;
    }
    for (const auto& label : seen->labels_missing) found.need("label the node " + label);
    auto trouble = co_await pod_cidr_trouble(context, seen->pod_cidr);
    if (trouble) found.need(trouble->message);
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
    auto version = co_await kubeadm_version(context);
    if (!version) co_return failed(name(), version.error());
    std::vector<Command::Argv> lines;
    if (knows_create(*version)) lines.push_back(wait_for_node());
    lines.push_back(std::move(argv));
    Command command(unit_name("ready"), std::move(lines), limit + registration_limit);
    auto run = co_await context->commands->run(std::move(command));
    if (!run) co_return failed(name(), run.error());
    auto seen = co_await ask(context);
    if (!seen) co_return failed(name(), seen.error());
    if (!seen->ready) co_return co_await not_ready(context, std::move(*run), std::move(*seen));
    auto trouble = co_await pod_cidr_trouble(context, seen->pod_cidr);
    if (trouble) co_return failed(std::move(*trouble));
    if (!seen->labels_missing.empty()) co_return co_await label(context, seen->labels_missing);
    co_return succeeded(*run);
  }

 private:
  // Looks at facts first: trouble of kubelet, then what the API server says about the node.
  static asio::awaitable<Outcome> not_ready(ContextPtr context, UnitRun run, Seen seen) {
    auto trouble = co_await kubelet_trouble(context);
    if (trouble) {
      trouble->id = trouble->id.in("ready");
      co_return failed(std::move(*trouble));
    }
    std::string message = fmt::format("the node is not Ready: {}: {}", seen.reason, seen.message);
    if (seen.reason != not_registered && !has_cni_configuration(*context)) {
      message += "; there is no CNI configuration in /etc/cni/net.d";
      co_return co_await unit_failed(
          std::move(run), "ready.no-cni", std::move(message),
          "Give the ClusterConfig a CNI manifest (cni.manifests), or apply one by hand.");
    }
    co_return co_await unit_failed(
        std::move(run),
        seen.reason == not_registered ? Cause("ready.not-registered") : Cause("ready.not-ready"),
        std::move(message), "See `journalctl -u kubelet` on the node.");
  }

  static asio::awaitable<Outcome> label(ContextPtr context, std::vector<std::string> labels) {
    Command::Argv argv{"kubectl",     "--kubeconfig", kubelet_conf, "label",
                       "--overwrite", "node",         node_name()};
    for (const auto& label : labels) argv.push_back(label);
    Command command(unit_name("ready", "label"), std::move(argv), 30s);
    auto run = co_await context->commands->run(std::move(command));
    if (!run) co_return failed("ready", run.error());
    if (run->ok()) co_return succeeded(*run);
    std::string message = fmt::format("the node could not be labelled {}: {}",
                                      fmt::join(labels, ", "), how_it_ended(*run));
    co_return co_await unit_failed(
        std::move(*run), "ready.labels-refused", std::move(message),
        "A node may not give itself labels of kubernetes.io; take them out of NodeConfig.labels.");
  }
};

}  // namespace

std::unique_ptr<Step> make_ready() {
  return std::make_unique<Ready>();
}

}  // namespace kagent::noded
