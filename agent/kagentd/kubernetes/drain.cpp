#include "agent/kagentd/kubernetes/drain.hpp"

#include "agent/common/base/names.hpp"
#include "agent/common/base/pause.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace kagent::kubernetes {
namespace asio = boost::asio;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

constexpr auto ask_again = 3s;
constexpr char cordoned_by_us[] = "kagent.io/cordoned";
constexpr std::size_t most_named = 5;

std::string name_of(const Pod& pod) {
  return pod.space + "/" + pod.name;
}

// An empty name would make the path that of all Nodes.
Result<> check_name(const std::string& node) {
  if (is_node_name(node)) return {};
  return Error(Errc::invalid_argument, "\"" + node + "\" is not a valid Node name (RFC 1123)");
}

std::string node_path(const std::string& name) {
  return "/api/v1/nodes/" + path_part(name);
}

// "Cannot evict pod as it would violate the pod's disruption budget. The disruption budget web
// needs 2 healthy pods and has 2 currently"
std::string refusal_of(const Response& response) {
  const json status = json::parse(response.body, nullptr, false);
  if (!status.is_object()) return response.error().message();
  std::string text = status.value("message", "");
  for (const auto& cause : status.value("/details/causes"_json_pointer, json::array()))
    text += " " + cause.value("message", "");
  return text.empty() ? response.error().message() : text;
}

asio::awaitable<Result<Response>> ask(std::shared_ptr<Client> client, std::string verb,
                                      std::string target, std::string body) {
  co_return co_await client->request(std::move(verb), std::move(target), std::move(body));
}

// A null in a merge patch removes the key (RFC 7396).
asio::awaitable<Result<>> set_cordon(std::shared_ptr<Client> client, std::string node, bool on) {
  json patch;
  patch["spec"]["unschedulable"] = on ? json(true) : json();
  patch["metadata"]["annotations"][cordoned_by_us] = on ? json("true") : json();
  auto response = co_await ask(client, "PATCH", node_path(node), patch.dump());
  if (!response) co_return response.error();
  if (response->ok() || response->status == 404) co_return Result<>{};
  co_return response->error();
}

struct Cordon {
  bool there = true;  // the node
  bool on = false;
  bool ours = false;
};

asio::awaitable<Result<Cordon>> look_at_cordon(std::shared_ptr<Client> client, std::string node) {
  auto response = co_await ask(client, "GET", node_path(node), std::string());
  if (!response) co_return response.error();
  Cordon cordon;
  cordon.there = response->status != 404;
  if (!cordon.there) co_return cordon;
  if (!response->ok()) co_return response->error();
  const json object = json::parse(response->body, nullptr, false);
  if (!object.is_object()) co_return Error(Errc::protocol, "the Node is not a JSON object");
  cordon.on = object.value("/spec/unschedulable"_json_pointer, false);
  const auto notes = object.value("/metadata/annotations"_json_pointer, json::object());
  cordon.ours = notes.contains(cordoned_by_us);
  co_return cordon;
}

asio::awaitable<Result<NodePods>> list_pods(std::shared_ptr<Client> client, std::string node) {
  std::string target = "/api/v1/pods?fieldSelector=spec.nodeName%3D" + path_part(node);
  auto response = co_await ask(client, "GET", std::move(target), std::string());
  if (!response) co_return response.error();
  if (!response->ok()) co_return response->error();
  co_return pods_of(response->body);
}

// Why the pod is not evicted yet; empty: it goes.
asio::awaitable<Result<std::string>> evict(std::shared_ptr<Client> client, Pod pod) {
  json eviction{{"apiVersion", "policy/v1"}, {"kind", "Eviction"}};
  eviction["metadata"]["name"] = pod.name;
  eviction["metadata"]["namespace"] = pod.space;
  std::string target =
      "/api/v1/namespaces/" + path_part(pod.space) + "/pods/" + path_part(pod.name) + "/eviction";
  auto response = co_await ask(client, "POST", std::move(target), eviction.dump());
  if (!response) co_return response.error();
  if (response->ok() || response->status == 404) co_return std::string{};
  co_return refusal_of(*response);
}

// Tries once to evict each pod.
asio::awaitable<Result<DrainState>> evict_all(std::shared_ptr<Client> client, DrainOrder order) {
  auto pods = co_await list_pods(client, order.node);
  if (!pods) co_return pods.error();
  DrainState state;
  state.staying = pods->staying;
  std::string alone;
  for (const Pod& pod : pods->evict)
    if (pod.alone && !order.force) alone += (alone.empty() ? "" : ", ") + name_of(pod);
  if (!alone.empty() && !order.plan)
    co_return Error(Errc::failed_precondition,
                    "these pods have no controller that would start them elsewhere: " + alone +
                        "; delete them, or use --force");
  for (const Pod& pod : pods->evict) {
    std::string why;
    if (pod.terminating) {
      why = "it is terminating";
    } else if (order.plan) {
      why = pod.alone ? "no controller would bring it back; only with --force" : "";
    } else {
      auto refused = co_await evict(client, pod);
      if (!refused) co_return refused.error();
      why = std::move(*refused);
    }
    state.pods.push_back(name_of(pod) + (why.empty() ? "" : ": " + why));
  }
  co_return state;
}

std::string too_late(const DrainState& state, std::chrono::seconds limit) {
  std::string text = "after " + std::to_string(limit.count()) + " s " +
                     std::to_string(state.pods.size()) + " pod(s) are still there: ";
  for (std::size_t i = 0; i < std::min(state.pods.size(), most_named); ++i)
    text += (i == 0 ? "" : "; ") + state.pods[i];
  return text;
}

asio::awaitable<Result<>> evict_until_empty(std::shared_ptr<Client> client, DrainOrder order,
                                            std::function<void(const DrainState&)> progress,
                                            std::function<bool()> wanted) {
  const auto deadline = std::chrono::steady_clock::now() + order.limit;
  for (;;) {
    auto state = co_await evict_all(client, order);
    const bool passing = !state && (state.error().code() == Errc::unavailable ||
                                    state.error().code() == Errc::deadline_exceeded);
    if (!state && !passing) co_return state.error();
    if (!wanted()) co_return Error(Errc::cancelled, "another order has come");
    const bool late = std::chrono::steady_clock::now() + ask_again > deadline;
    if (state) {
      progress(*state);
      if (state->pods.empty()) co_return Result<>{};
      if (late) co_return Error(Errc::deadline_exceeded, too_late(*state, order.limit));
    } else if (late) {
      co_return state.error();
    }
    co_await pause(ask_again);
  }
}

Pod pod_from(const json& metadata) {
  Pod pod;
  pod.space = metadata.value("namespace", "");
  pod.name = metadata.at("name").get<std::string>();
  pod.terminating = metadata.contains("deletionTimestamp");
  return pod;
}

}  // namespace

Result<NodePods> pods_of(std::string_view text) {
  NodePods pods;
  try {
    const json document = json::parse(text);
    for (const auto& item : document.at("items")) {
      const json& metadata = item.at("metadata");
      Pod pod = pod_from(metadata);
      const auto notes = metadata.value("annotations", json::object());
      const auto phase = item.value("/status/phase"_json_pointer, std::string());
      std::string controller;
      for (const auto& owner : metadata.value("ownerReferences", json::array()))
        if (owner.value("controller", false)) controller = owner.value("kind", "");
      pod.alone = controller.empty();
      if (notes.contains("kubernetes.io/config.mirror"))
        pods.staying.push_back(name_of(pod) + " (static)");
      else if (controller == "DaemonSet")
        pods.staying.push_back(name_of(pod) + " (of a DaemonSet)");
      else if (phase != "Succeeded" && phase != "Failed")
        pods.evict.push_back(std::move(pod));
    }
  } catch (const json::exception& error) {
    return Error(Errc::protocol, std::string("a PodList: ") + error.what());
  }
  return pods;
}

asio::awaitable<Result<>> drain(std::shared_ptr<Client> client, DrainOrder order,
                                std::function<void(const DrainState&)> progress,
                                std::function<bool()> wanted) {
  if (auto named = check_name(order.node); !named) co_return named;
  if (order.plan) {
    auto state = co_await evict_all(client, order);
    if (!state) co_return state.error();
    progress(*state);
    co_return Result<>{};
  }
  auto cordon = co_await look_at_cordon(client, order.node);
  if (!cordon) co_return cordon.error();
  if (!cordon->there) co_return Result<>{};
  if (!cordon->on) {
    auto cordoned = co_await set_cordon(client, order.node, true);
    if (!cordoned) co_return cordoned;
  }
  const std::string node = order.node;
  auto drained =
      co_await evict_until_empty(client, std::move(order), std::move(progress), std::move(wanted));
  const bool ours = !cordon->on || cordon->ours;
  if (!drained && drained.error().code() != Errc::cancelled && ours)
    (void)co_await set_cordon(client, node, false);
  co_return drained;
}

asio::awaitable<Result<>> delete_node(std::shared_ptr<Client> client, std::string name) {
  if (auto named = check_name(name); !named) co_return named;
  auto response = co_await ask(client, "DELETE", node_path(name), std::string());
  if (!response) co_return response.error();
  if (response->ok() || response->status == 404) co_return Result<>{};
  co_return response->error();
}

}  // namespace kagent::kubernetes
