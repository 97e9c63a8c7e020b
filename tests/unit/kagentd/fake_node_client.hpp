#pragma once

#include "agent/kagentd/sequence/node_client.hpp"

#include <deque>
#include <string>
#include <vector>

namespace kagent::kagentd {

// A kagent-noded that gives the answers that the test has put into it.
class FakeNodeClient final : public NodeClient {
 public:
  std::deque<Result<Delivered>> answers;  // to deliver(), in order; then OtherOrder
  std::vector<std::string> delivered;     // envelopes
  Result<NodeState> node_state = NodeState();

  void listen(NodeEvents) override {}
  boost::asio::awaitable<Result<NodeState>> state() override { co_return node_state; }
  boost::asio::awaitable<Result<NodeCheck>> check(std::string) override { co_return NodeCheck(); }
  boost::asio::awaitable<Result<>> apply(std::string, unsigned) override { co_return Result<>(); }
  boost::asio::awaitable<Result<Delivered>> deliver(std::string envelope) override {
    delivered.push_back(std::move(envelope));
    if (answers.empty()) co_return Delivered(OtherOrder());
    auto answer = std::move(answers.front());
    answers.pop_front();
    co_return answer;
  }
  boost::asio::awaitable<Result<std::vector<std::string>>> plan_reset() override {
    co_return std::vector<std::string>();
  }
  boost::asio::awaitable<Result<std::vector<std::string>>> read_log(std::string,
                                                                    unsigned) override {
    co_return std::vector<std::string>();
  }
};

}  // namespace kagent::kagentd
