#pragma once

#include "agent/common/base/tasks.hpp"
#include "agent/common/config/node_config.hpp"
#include "agent/kagentd/cluster_orders.hpp"
#include "agent/kagentd/envelopes.hpp"
#include "agent/kagentd/kubernetes_access.hpp"
#include "agent/kagentd/local_node.hpp"
#include "agent/kagentd/local_requests.hpp"
#include "agent/kagentd/report/outlook.hpp"
#include "agent/kagentd/reports.hpp"
#include "agent/kagentd/sequence/driver.hpp"
#include "agent/kagentd/sequence/node_client.hpp"
#include "agent/kagentd/session/session.hpp"
#include "agent/kagentd/watch/path_watch.hpp"
#include "agent/kagentd/watch/unit_watch.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <string>

namespace kagent::kagentd {

// Binds the parts of kagentd: events of the node, the coordinator and noded go to the part whose
// subject they are.
class Agent {
 public:
  struct Options {
    v1::NodeConfig node;
    config::CoordinatorUrl coordinator;
    std::string node_id;
    std::filesystem::path state;
    std::filesystem::path kubeconfig;
  };

  // `tasks`, `connection` and `node` must outlive it. The owner cancels and joins `tasks` before it
  // destroys the Agent.
  Agent(boost::asio::io_context& io, Tasks& tasks, dbus::Connection& connection, NodeClient& node,
        Options options);

  // Errors: unavailable (the bus refuses).
  Result<> start();
  // From here on nothing is sent. What is under way ends when the tasks are cancelled.
  void stop();

 private:
  boost::asio::awaitable<void> run();

  // Events of the coordinator.
  void received(v1::CoordinatorMessage message);
  void connected();
  boost::asio::awaitable<void> delivered(Delivered envelope);

  // Events of this node.
  void told(const NodeState& state);
  void unit_changed();
  void file_changed(const std::string& path);
  void reported();
  void leave_cluster();

  Options options_;
  Tasks& tasks_;
  NodeClient& node_;
  Session session_;
  Driver driver_;
  UnitWatch units_;
  PathWatch files_;
  LocalNode local_;
  Envelopes envelopes_;
  Outlook outlook_;
  Reports reports_;
  KubernetesAccess kubernetes_;
  ClusterOrders cluster_orders_;
  LocalRequests local_requests_;
};

}  // namespace kagent::kagentd
