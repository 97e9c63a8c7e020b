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
  std::string certificate_pem;  // of the client; may be empty
  std::string key_pem;
  std::string server_name;  // that the server's certificate must have; the host is not compared
};

// Connects at the first call. Channels share no connection and no reconnect backoff, so that the
// caller's own backoff, with a new channel for each try, is the only one.
std::shared_ptr<grpc::Channel> make_channel(const ChannelOptions& options);

}  // namespace kagent::rpc
