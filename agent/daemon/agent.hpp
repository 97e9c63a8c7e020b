#pragma once

#include "agent/config/node_config.hpp"
#include "agent/daemon/complaint.hpp"
#include "agent/daemon/driver.hpp"
#include "agent/daemon/node_client.hpp"
#include "agent/daemon/session.hpp"
#include "agent/daemon/unit_watch.hpp"
#include "agent/kubernetes/client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kagent::daemon {

// kagentd: what the coordinator says goes to noded, what the node does goes to the coordinator.
class Agent {
 public:
  struct Options {
    v1::NodeConfig node;
    config::CoordinatorUrl coordinator;
    std::string node_id, boot_id;
    std::filesystem::path state;
    std::filesystem::path kubeconfig;
  };

  Agent(boost::asio::io_context& io, dbus::Connection& connection, Options options);

  // Errors: unavailable (the bus refuses).
  Result<> start();

 private:
  // To the coordinator.
  [[nodiscard]] v1::NodeReport report() const;
  [[nodiscard]] bool in_cluster() const;
  [[nodiscard]] v1::Hello hello() const;
  void changed();
  void send_report();
  void repeat_report();
  void on_connected();
  void send_kubernetes_nodes();

  // From the coordinator.
  void received(v1::CoordinatorMessage message);
  void greet(const v1::Welcome& welcome);
  void take_envelope(std::string envelope);
  boost::asio::awaitable<void> deliver();
  void take_order(const v1::Mint& order);
  boost::asio::awaitable<void> mint(v1::Mint order);
  boost::asio::awaitable<void> revoke(std::string token_id);
  boost::asio::awaitable<void> read_log(v1::LogRequest request);
  boost::asio::awaitable<void> issue_kubeconfig(std::uint64_t serial);

  // About this node.
  boost::asio::awaitable<void> begin();
  boost::asio::awaitable<void> take_assignment();
  boost::asio::awaitable<void> look_for_cluster();
  void look_for_kubernetes();

  boost::asio::io_context& io_;
  Options options_;
  dbus::Connection& connection_;
  std::unique_ptr<NodeClient> node_;
  std::optional<Driver> driver_;
  UnitWatch units_;
  Session session_;
  boost::asio::steady_timer report_timer_;
  bool report_queued_ = false;
  v1::NodeFacts facts_;
  HeldAssignment assignment_;
  std::deque<std::string> envelopes_;  // for noded, in the order they came
  bool delivering_ = false;
  Complaint noded_{"kagent-noded answers again"};
  LocalCluster cluster_;
  bool looking_for_cluster_ = false;
  std::shared_ptr<kubernetes::Client> kubernetes_;
  std::map<std::string, v1::Mint> early_orders_;  // by node: only its last one counts
  std::vector<v1::KubernetesNode> kubernetes_nodes_;
};

}  // namespace kagent::daemon
