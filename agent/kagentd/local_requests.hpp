#pragma once

#include "agent/common/base/tasks.hpp"
#include "agent/kagentd/sequence/node_client.hpp"
#include "agent/kagentd/session/link.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>

namespace kagent::kagentd {

// What an administrator asks of this node through the coordinator. Each request is answered on the
// link.
class LocalRequests {
 public:
  LocalRequests(Tasks& tasks, Link& link, NodeClient& node);

  void plan_reset(std::uint64_t request);
  void read_log(v1::LogRequest request);
  void send_kubeconfig(const KubeconfigOrder& order);

 private:
  boost::asio::awaitable<void> answer_plan(std::uint64_t request);
  boost::asio::awaitable<void> answer_log(v1::LogRequest request);

  Tasks& tasks_;
  Link& link_;
  NodeClient& node_;
};

}  // namespace kagent::kagentd
