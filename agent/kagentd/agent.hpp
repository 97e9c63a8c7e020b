#pragma once

#include "agent/common/base/complaint.hpp"
#include "agent/common/config/node_config.hpp"
#include "agent/kagentd/kubernetes/certificate_requests.hpp"
#include "agent/kagentd/kubernetes/client.hpp"
#include "agent/kagentd/kubernetes/drain.hpp"
#include "agent/kagentd/report/outlook.hpp"
#include "agent/kagentd/sequence/driver.hpp"
#include "agent/kagentd/sequence/node_client.hpp"
#include "agent/kagentd/session/session.hpp"
#include "agent/kagentd/untold.hpp"
#include "agent/kagentd/watch/path_watch.hpp"
#include "agent/kagentd/watch/unit_watch.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kagent::kagentd {

// kagentd: what the coordinator says goes to noded, what the node does goes to the coordinator.
class Agent {
 public:
  struct Options {
    v1::NodeConfig node;
    config::CoordinatorUrl coordinator;
    std::string node_id;
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
  void send_verdict(const kubernetes::Verdict& verdict);

  // From the coordinator.
  void received(v1::CoordinatorMessage message);
  void greet(const v1::Welcome& welcome);
  void take_envelope(std::string envelope);
  boost::asio::awaitable<void> deliver();
  // Whether it is kept for later.
  bool not_taken(std::string envelope, const Error& why);
  boost::asio::awaitable<void> ask_again();
  void take_order(const v1::Mint& order);
  boost::asio::awaitable<Result<std::string>> certificate_key(v1::Mint order);
  boost::asio::awaitable<void> mint(v1::Mint order);
  boost::asio::awaitable<void> revoke(std::string token_id);
  boost::asio::awaitable<void> read_log(v1::LogRequest request);

  // agent_orders.cpp
  boost::asio::awaitable<void> issue_kubeconfig(std::uint64_t serial);
  boost::asio::awaitable<void> drain(v1::Drain order);
  void send_drain_state(std::uint64_t request, const kubernetes::DrainState& state);
  boost::asio::awaitable<Result<>> take_out(v1::Unregister order);
  boost::asio::awaitable<void> unregister(v1::Unregister order);
  boost::asio::awaitable<void> plan_reset(std::uint64_t request);

  // About this node.
  boost::asio::awaitable<void> begin();
  boost::asio::awaitable<void> take_assignment();
  boost::asio::awaitable<void> look_for_cluster();
  boost::asio::awaitable<void> look_at_certificates();
  void look_for_kubernetes();
  boost::asio::awaitable<void> take_watch();
  void unit_changed();
  void leave_cluster();
  void stop_watching();

  boost::asio::io_context& io_;
  Options options_;
  dbus::Connection& connection_;
  std::unique_ptr<NodeClient> node_;
  std::optional<Driver> driver_;
  UnitWatch units_;
  PathWatch files_;
  Session session_;
  boost::asio::steady_timer report_timer_;
  bool report_queued_ = false;
  v1::NodeFacts facts_;
  Outlook outlook_;
  // Looked at once the node is Ready, and again every few minutes.
  std::optional<std::chrono::system_clock::time_point> certificate_expiry_;  // kubelet's
  std::vector<HeldCertificate> certificates_;
  bool certificates_looked_at_ = false;
  unsigned reports_ = 0;
  HeldAssignment assignment_;
  std::deque<std::string> envelopes_;  // for noded, in the order they came
  bool delivering_ = false;
  bool asking_again_ = false;
  std::optional<Failure> obstacle_;  // why the last envelope is not taken
  Complaint noded_{"kagent-noded answers again"};
  LocalCluster cluster_;
  bool looking_for_cluster_ = false;
  std::shared_ptr<kubernetes::Client> kubernetes_;
  std::string kubeconfig_;  // that it was made of
  std::shared_ptr<boost::asio::cancellation_signal> watching_;
  bool may_mint_ = false;                         // who has a token gets his certificate
  std::map<std::string, v1::Mint> early_orders_;  // by node: only its last one counts
  std::vector<v1::KubernetesNode> kubernetes_nodes_;
  Untold verdicts_;                              // on certificate requests
  std::map<std::string, std::uint64_t> drains_;  // node to the request that counts
};

}  // namespace kagent::kagentd
