#include "agent/kagentd/envelopes.hpp"

#include "agent/common/base/pause.hpp"

namespace kagent::kagentd {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// A coordinator never sends more before noded has accepted the first. The oldest is dropped.
constexpr std::size_t most_envelopes = 16;
constexpr auto retry_after = 3s;
constexpr auto ask_again_after = 30s;

bool is_lost(const Error& error) {
  return error.code() == Errc::unavailable || error.code() == Errc::deadline_exceeded;
}

Failure obstacle_of(const Error& error) {
  const std::string message =
      "kagent-noded does not accept an order of the coordinator: " + error.message();
  if (error.code() == Errc::resource_exhausted)
    return {"disk.full", message, "Make room on the node's disk; kagent goes on by itself."};
  if (is_lost(error))
    return {"noded.unavailable", message,
            "See `journalctl -u kagent-noded` on the node; kagent tries again by itself."};
  return {"envelope.refused", message,
          "See that the node's clock and the coordinator's agree; kagent asks again by itself."};
}

}  // namespace

Envelopes::Envelopes(Tasks& tasks, NodeClient& node, Handlers handlers)
    : tasks_(tasks), node_(node), handlers_(std::move(handlers)) {}

void Envelopes::take(std::string envelope) {
  if (waiting_.size() >= most_envelopes) waiting_.pop_front();
  waiting_.push_back(std::move(envelope));
  if (std::exchange(delivering_, true)) return;
  tasks_.start(deliver_all());
}

asio::awaitable<void> Envelopes::deliver_all() {
  while (!waiting_.empty()) {
    std::string envelope = std::move(waiting_.front());
    waiting_.pop_front();
    auto delivered = co_await node_.deliver(envelope);
    if (!delivered) {
      if (!keep_after(delivered.error())) continue;
      waiting_.push_front(std::move(envelope));
      co_await pause(retry_after);
      continue;
    }
    if (std::exchange(obstacle_, std::nullopt)) handlers_.changed();
    complaint_.over();
    co_await handlers_.delivered(std::move(*delivered));
  }
  delivering_ = false;
}

// An envelope that noded refuses is of no use any more: the coordinator makes another one when it
// is asked.
bool Envelopes::keep_after(const Error& why) {
  if (why.code() == Errc::cancelled) return true;
  complaint_.say("kagent-noded does not accept an envelope: " + why.message());
  Failure obstacle = obstacle_of(why);
  const bool known = obstacle_ == obstacle;
  obstacle_ = std::move(obstacle);
  if (!known) handlers_.changed();
  if (is_lost(why) || why.code() == Errc::resource_exhausted) return true;
  if (!std::exchange(asking_again_, true)) tasks_.start(ask_again_later());
  return false;
}

// If noded refuses the new envelope too, it is an obstacle again.
asio::awaitable<void> Envelopes::ask_again_later() {
  co_await pause(ask_again_after);
  asking_again_ = false;
  if (!std::exchange(obstacle_, std::nullopt)) co_return;
  handlers_.changed();
  handlers_.ask_again();
}

}  // namespace kagent::kagentd
