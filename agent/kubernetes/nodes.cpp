#include "agent/kubernetes/nodes.hpp"

#include "agent/base/backoff.hpp"
#include "agent/base/log.hpp"

#include <google/protobuf/util/message_differencer.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>

namespace kagent::kubernetes {
namespace asio = boost::asio;
using namespace std::chrono_literals;
using google::protobuf::util::MessageDifferencer;
using nlohmann::json;

namespace {

constexpr char nodes_path[] = "/api/v1/nodes";
// The server ends the watch after this; a little more of silence means that it is gone.
constexpr auto watch_for = 300s;
constexpr auto quiet_limit = 330s;
// A watch that ends sooner counts as failed: else a server that ends each at once is asked nonstop.
constexpr auto healthy_after = 5s;
constexpr unsigned quiet_after = 10;

v1::KubernetesNode node_of(const json& object) {
  v1::KubernetesNode node;
  const json& metadata = object.at("metadata");
  node.set_name(metadata.at("name").get<std::string>());
  const json spec = object.value("spec", json::object());
  node.set_pod_cidr(spec.value("podCIDR", ""));
  const json status = object.value("status", json::object());
  node.set_kubelet_version(status.value("nodeInfo", json::object()).value("kubeletVersion", ""));
  node.set_reason("NoStatus");
  for (const auto& condition : status.value("conditions", json::array())) {
    if (condition.value("type", "") != "Ready") continue;
    node.set_ready(condition.value("status", "") == "True");
    node.set_reason(node.ready() ? "" : condition.value("reason", ""));
    node.set_message(node.ready() ? "" : condition.value("message", ""));
  }
  return node;
}

}  // namespace

Result<> NodeTable::list(std::string_view text) {
  try {
    const json document = json::parse(text);
    std::map<std::string, v1::KubernetesNode> now;
    for (const auto& item : document.at("items")) {
      auto node = node_of(item);
      const std::string name = node.name();
      now[name] = std::move(node);
    }
    resource_version_ = document.at("metadata").at("resourceVersion").get<std::string>();
    const auto same = [](const auto& left, const auto& right) {
      return MessageDifferencer::Equals(left.second, right.second);
    };
    if (!std::equal(now.begin(), now.end(), nodes_.begin(), nodes_.end(), same)) changed_ = true;
    nodes_ = std::move(now);
    return {};
  } catch (const json::exception& error) {
    return Error(Errc::protocol, std::string("a NodeList: ") + error.what());
  }
}

Result<> NodeTable::event(std::string_view text) {
  try {
    const json document = json::parse(text);
    const auto type = document.at("type").get<std::string>();
    const json& object = document.at("object");
    if (type == "ERROR")
      return Error(Errc::failed_precondition, object.value("message", "the watch is too old"));
    if (object.contains("metadata"))
      resource_version_ = object["metadata"].value("resourceVersion", resource_version_);
    if (type == "BOOKMARK") return {};
    auto node = node_of(object);
    if (type == "DELETED")
      changed_ = nodes_.erase(node.name()) > 0 || changed_;
    else
      set(std::move(node));
    return {};
  } catch (const json::exception& error) {
    return Error(Errc::protocol, std::string("a watch event: ") + error.what());
  }
}

void NodeTable::set(v1::KubernetesNode node) {
  auto& known = nodes_[node.name()];
  if (MessageDifferencer::Equals(known, node)) return;
  known = std::move(node);
  changed_ = true;
}

std::vector<v1::KubernetesNode> NodeTable::nodes() const {
  std::vector<v1::KubernetesNode> all;
  for (const auto& [name, node] : nodes_) all.push_back(node);
  return all;
}

asio::awaitable<void> watch_nodes(std::shared_ptr<Client> client,
                                  std::function<void(std::vector<v1::KubernetesNode>)> changed) {
  NodeTable table;
  Backoff backoff(BackoffPolicy{}, std::random_device{}());
  const auto tell = [&] {
    if (table.take_changed()) changed(table.nodes());
  };
  bool must_list = true;
  for (;;) {
    Result<> outcome;
    if (must_list) {
      auto listed = co_await client->request("GET", nodes_path, std::string());
      if (!listed)
        outcome = listed.error();
      else if (!listed->ok())
        outcome = listed->error();
      else
        outcome = table.list(listed->body);
      if (outcome) tell();
    }
    if (outcome) {
      Result<> taken;  // the first event that was refused: what is known may be wrong from there
      std::function<void(const std::string&)> line = [&](const std::string& text) {
        if (taken) taken = table.event(text);
        if (taken) tell();
      };
      const std::string target = std::string(nodes_path) +
                                 "?watch=1&timeoutSeconds=" + std::to_string(watch_for.count()) +
                                 "&resourceVersion=" + table.resource_version();
      const auto began = std::chrono::steady_clock::now();
      outcome = co_await client->watch(target, std::move(line), quiet_limit);
      if (!taken) outcome = taken;
      must_list = !outcome;
      const bool healthy = std::chrono::steady_clock::now() - began >= healthy_after;
      if (healthy) backoff.reset();
      if (outcome && healthy) continue;
      if (outcome) outcome = Error(Errc::unavailable, "the server ended the watch at once");
    }
    const auto delay = backoff.next();
    if (backoff.tries() <= quiet_after)
      log::warning("watching nodes: {}; again in {} ms", outcome.error().message(), delay.count());
    asio::steady_timer timer(co_await asio::this_coro::executor, delay);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace kagent::kubernetes
