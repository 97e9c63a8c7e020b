#pragma once

#include "agent/common/base/complaint.hpp"
#include "agent/common/base/tasks.hpp"
#include "agent/kagentd/sequence/node_client.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>

namespace kagent::kagentd {

// The last answer of kagent-noded about this node.
class LocalNode {
 public:
  // `told` gets every answer to refresh().
  LocalNode(Tasks& tasks, NodeClient& node, std::function<void(const NodeState&)> told);

  // Asks once. Nothing: noded did not answer.
  boost::asio::awaitable<std::optional<NodeState>> ask();
  // Asks until noded answers.
  boost::asio::awaitable<void> refresh();
  // As refresh(), in the background; once more if one is under way.
  void start_refresh();

  [[nodiscard]] const HeldAssignment& assignment() const { return assignment_; }

 private:
  boost::asio::awaitable<void> refresh_in_background();

  Tasks& tasks_;
  NodeClient& node_;
  std::function<void(const NodeState&)> told_;
  HeldAssignment assignment_;
  bool refreshing_ = false, again_ = false;
  Complaint complaint_{"kagent-noded answers again"};
};

}  // namespace kagent::kagentd
