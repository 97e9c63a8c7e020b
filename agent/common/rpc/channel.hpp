#pragma once

#include <memory>
#include <string>

namespace grpc {
class Channel;
}

namespace kagent::rpc {

struct ChannelOptions {
  std::string target;           // HOST:PORT, brackets round IPv6
  std::string ca_pem;           // the only root that is trusted
  std::string certificate_pem;  // of the client; empty: none is shown
  std::string key_pem;
  std::string server_name;  // that the server's certificate must carry, whatever the host is called
};

// Connects when it is first used. It shares no connection and no reconnect backoff with another
// channel: the caller's own (jittered) backoff, with a new channel each time, is the only one.
std::shared_ptr<grpc::Channel> make_channel(const ChannelOptions& options);

}  // namespace kagent::rpc
