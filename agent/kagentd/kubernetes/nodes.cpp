#include "agent/kagentd/kubernetes/nodes.hpp"

#include <google/protobuf/util/message_differencer.h>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace kagent::kubernetes {
namespace asio = boost::asio;
using google::protobuf::util::MessageDifferencer;
using nlohmann::json;

namespace {

v1::KubernetesNode node_of(const json& object) {
  v1::KubernetesNode node;
  const json& metadata = object.at("metadata");
  node.set_name(metadata.at("name").get<std::string>());
  const json spec = object.value("spec", json::object());
  node.set_pod_cidr(spec.value("podCIDR", ""));
  const json status = object.value("status", json::object());
  node.set_kubelet_version(status.value("nodeInfo", json::object()).value("kubeletVersion", ""));
  node.set_reason("NoStatus");
  std::string pressure;  // under pressure kubelet evicts pods, even those of the CNI
  for (const auto& condition : status.value("conditions", json::array())) {
    const auto type = condition.value("type", "");
    if (type.ends_with("Pressure") && condition.value("status", "") == "True")
      pressure += type + ": " + condition.value("message", "") + "; ";
    if (type != "Ready") continue;
    node.set_ready(condition.value("status", "") == "True");
    node.set_reason(node.ready() ? "" : condition.value("reason", ""));
    node.set_message(node.ready() ? "" : condition.value("message", ""));
  }
  if (!node.ready()) node.set_message(pressure + node.message());
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
  std::function<void()> tell = [&] {
    if (table.take_changed()) changed(table.nodes());
  };
  co_await follow(std::move(client), "/api/v1/nodes", "nodes", table, std::move(tell));
}

}  // namespace kagent::kubernetes
