#pragma once

#include "agent/common/base/tasks.hpp"
#include "agent/kagentd/kubernetes/drain.hpp"
#include "agent/kagentd/kubernetes_access.hpp"
#include "agent/kagentd/sequence/node_client.hpp"
#include "agent/kagentd/session/link.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace kagent::kagentd {

// What the coordinator orders a control plane to do about other nodes. Each order is answered on
// the link.
class ClusterOrders {
 public:
  ClusterOrders(Tasks& tasks, Link& link, NodeClient& node, const KubernetesAccess& kubernetes);

  // A Mint that comes before the cluster signs certificates waits for signing(). The last one of a
  // node counts.
  void mint(const v1::Mint& order);
  void signing();
  // Forgets the orders that wait for signing(): another session or another cluster has begun.
  void forget();
  void revoke(std::string token_id);
  // Ends an earlier drain of the same node.
  void drain(v1::Drain order);
  void unregister(v1::Unregister order);

 private:
  boost::asio::awaitable<void> mint_now(v1::Mint order);
  boost::asio::awaitable<Result<std::string>> certificate_key(v1::Mint order);
  boost::asio::awaitable<void> revoke_now(std::string token_id);
  boost::asio::awaitable<void> drain_now(v1::Drain order);
  boost::asio::awaitable<Result<>> drain_node(v1::Drain order);
  void send_drain_state(std::uint64_t request, const kubernetes::DrainState& state);
  boost::asio::awaitable<void> unregister_now(v1::Unregister order);
  boost::asio::awaitable<Result<>> take_out(v1::Unregister order);

  Tasks& tasks_;
  Link& link_;
  NodeClient& node_;
  const KubernetesAccess& kubernetes_;
  std::map<std::string, v1::Mint> early_mints_;  // by node id
  std::map<std::string, std::uint64_t> drains_;  // the last request of each node
};

}  // namespace kagent::kagentd
