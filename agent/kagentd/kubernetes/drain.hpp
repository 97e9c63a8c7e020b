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
  bool alone = false;  // no controller brings it back elsewhere
};

// A node's pods, as `kubectl drain --ignore-daemonsets --delete-emptydir-data` tells them apart.
struct NodePods {
  std::vector<Pod> evict;
  std::vector<std::string> staying;  // "namespace/name (of a DaemonSet)", "... (static)"
};
// Of a PodList; what has finished is left out. Errors: protocol.
Result<NodePods> pods_of(std::string_view json);

struct DrainOrder {
  std::string node;
  std::chrono::seconds limit{};
  bool plan = false;   // change nothing
  bool force = false;  // also pods that nobody brings back
};

struct DrainState {
  std::vector<std::string> pods;  // still to go: "namespace/name", ": " and why it has not gone
  std::vector<std::string> staying;
};

// Cordons the node and evicts its pods until none is left, within the limit; disruption budgets are
// asked again and again. `progress` gets every state, at least every few seconds; once `wanted`
// says no, it ends as cancelled. What ends without success takes back a cordon of ours. A node that
// Kubernetes does not have is drained. Errors: deadline_exceeded (names the pods and what keeps
// them), failed_precondition (pods that only `force` evicts), invalid_argument (no name of a Node),
// those of Client.
boost::asio::awaitable<Result<>> drain(std::shared_ptr<Client> client, DrainOrder order,
                                       std::function<void(const DrainState&)> progress,
                                       std::function<bool()> wanted);

// One that is not there is a success. Errors: invalid_argument (no name of a Node), those of
// Client.
boost::asio::awaitable<Result<>> delete_node(std::shared_ptr<Client> client, std::string name);

}  // namespace kagent::kubernetes
