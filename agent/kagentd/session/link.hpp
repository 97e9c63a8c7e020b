#pragma once

#include "kagent/v1/agent.pb.h"

namespace kagent::kagentd {

// Where messages to the coordinator go.
class Link {
 public:
  virtual ~Link() = default;
  // Drops the message when there is no session: the next hello carries the state anew.
  virtual void send(v1::AgentMessage message) = 0;
  [[nodiscard]] virtual bool up() const = 0;
};

}  // namespace kagent::kagentd
