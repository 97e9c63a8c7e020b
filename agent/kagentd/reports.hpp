#pragma once

#include "agent/common/config/node_config.hpp"
#include "agent/kagentd/envelopes.hpp"
#include "agent/kagentd/local_node.hpp"
#include "agent/kagentd/sequence/driver.hpp"
#include "agent/kagentd/session/link.hpp"
#include "agent/kagentd/watch/unit_watch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <string>

namespace kagent::kagentd {

// What the coordinator is told about this node. A report goes out after every change, and without
// one every liveness::report_every.
class Reports {
 public:
  // What reports are made of; all of it must outlive them.
  struct Sources {
    const v1::NodeConfig& config;
    const config::CoordinatorUrl& coordinator;
    const Driver& driver;
    const UnitWatch& units;
    const LocalNode& local;
    const Envelopes& envelopes;
  };

  // `reported` is called after each report.
  Reports(boost::asio::io_context& io, Link& link, Sources sources, std::function<void()> reported);

  void start();
  // Many changes in one turn of the loop make one report.
  void changed();
  // Keeps those parts of the state that are valid at the driver's progress. True: the next report
  // is different.
  bool told(const NodeState& state);
  void leave_cluster();
  // Whether told() would keep more than it has, or certificates are due to be read again.
  [[nodiscard]] bool wants_state() const;

  [[nodiscard]] v1::Hello hello() const;

 private:
  [[nodiscard]] v1::NodeReport report() const;
  void send();
  void repeat();

  boost::asio::io_context& io_;
  Link& link_;
  Sources sources_;
  std::function<void()> reported_;
  boost::asio::steady_timer timer_;
  bool queued_ = false;
  unsigned repeats_ = 0;
  v1::NodeFacts facts_;
  LocalCluster cluster_;  // empty unless init is done
  std::optional<std::chrono::system_clock::time_point> kubelet_certificate_expiry_;
  std::vector<HeldCertificate> certificates_;
  bool certificates_known_ = false;
};

}  // namespace kagent::kagentd
