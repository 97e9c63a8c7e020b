#pragma once

#include "kagent/v1/agent.pb.h"

#include <cstddef>
#include <deque>
#include <utility>

namespace kagent::kagentd {

// Messages for the next session with the coordinator. Bounded: the oldest is dropped first.
class Untold {
 public:
  static constexpr std::size_t most = 256;

  void keep(v1::AgentMessage message) {
    if (messages_.size() == most) messages_.pop_front();
    messages_.push_back(std::move(message));
  }
  std::deque<v1::AgentMessage> take() { return std::exchange(messages_, {}); }

 private:
  std::deque<v1::AgentMessage> messages_;
};

}  // namespace kagent::kagentd
