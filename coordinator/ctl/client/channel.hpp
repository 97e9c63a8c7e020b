#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/ctl/client/client.hpp"

#include <grpcpp/channel.h>

#include <memory>
#include <string>

namespace kagent::ctl {

struct Channel {
  std::shared_ptr<grpc::Channel> channel;
  std::string name;  // for messages
};

// Errors as of connect().
Result<Channel> open_channel(const Endpoint& endpoint);

}  // namespace kagent::ctl
