#pragma once

#include "agent/kagentd/kubernetes/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::kubernetes {

struct Pod {
  std::string space, name;
  bool terminating = false;
  bool alone = false;  // has no controller that would start it on another node
};

// A node's pods, as `kubectl drain --ignore-daemonsets --delete-emptydir-data` tells them apart.
struct NodePods {
  std::vector<Pod> evict;
  std::vector<std::string> staying;  // "namespace/name (of a DaemonSet)", "... (static)"
};
// Reads a PodList. Pods that have finished are left out. Errors: protocol.
Result<NodePods> pods_of(std::string_view json);

struct DrainOrder {
  std::string node;
  std::chrono::seconds limit{};
  bool plan = false;   // change nothing
  bool force = false;  // evict also pods without a controller
};

struct DrainState {
  // To be evicted: "namespace/name", and ": reason" if the pod has not gone yet.
  std::vector<std::string> pods;
  std::vector<std::string> staying;
};

// Cordons the node and evicts its pods until none is left, within the limit. An eviction that a
// disruption budget refuses is tried again. `progress` gets the state every few seconds. The drain
// ends as cancelled once `wanted` returns false. A drain that fails removes the cordon if kagent
// had set it. A Node that Kubernetes does not have counts as drained. Errors: deadline_exceeded
// (names the pods and the reasons), failed_precondition (pods that only `force` evicts),
// invalid_argument (not the name of a Node), those of Client.
boost::asio::awaitable<Result<>> drain(std::shared_ptr<Client> client, DrainOrder order,
                                       std::function<void(const DrainState&)> progress,
                                       std::function<bool()> wanted);

// Idempotent. Errors: invalid_argument (not the name of a Node), those of Client.
boost::asio::awaitable<Result<>> delete_node(std::shared_ptr<Client> client, std::string name);

}  // namespace kagent::kubernetes
