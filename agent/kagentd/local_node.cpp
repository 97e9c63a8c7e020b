#include "agent/kagentd/local_node.hpp"

#include "agent/common/base/pause.hpp"

namespace kagent::kagentd {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto retry_after = 3s;

}  // namespace

LocalNode::LocalNode(Tasks& tasks, NodeClient& node, std::function<void(const NodeState&)> told)
    : tasks_(tasks), node_(node), told_(std::move(told)) {}

asio::awaitable<std::optional<NodeState>> LocalNode::ask() {
  auto state = co_await node_.state();
  if (!state) {
    if (state.error().code() != Errc::cancelled)
      complaint_.say("the state of this node is unknown: " + state.error().message());
    co_return std::nullopt;
  }
  complaint_.over();
  assignment_ = state->assignment;
  co_return std::move(*state);
}

asio::awaitable<void> LocalNode::refresh() {
  for (;;) {
    const auto state = co_await ask();
    if (state) {
      told_(*state);
      co_return;
    }
    co_await pause(retry_after);
  }
}

void LocalNode::start_refresh() {
  again_ = true;
  if (std::exchange(refreshing_, true)) return;
  tasks_.start(refresh_in_background());
}

asio::awaitable<void> LocalNode::refresh_in_background() {
  while (std::exchange(again_, false)) co_await refresh();
  refreshing_ = false;
}

}  // namespace kagent::kagentd
