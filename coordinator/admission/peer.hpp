#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/trust/pki.hpp"

#include <memory>
#include <string>

namespace kagent::v1 {
class AgentMessage;
class CoordinatorMessage;
class WatchNodesResponse;
}  // namespace kagent::v1

// The coordinator's view of its callers, independent of gRPC. Everything here runs on the loop.
namespace kagent::coordinator {

// The identity in the caller's client certificate, which TLS has verified against our CA.
struct Caller {
  std::string
      organization;  // pki::node_organization, pki::admin_organization; empty: no certificate
  std::string common_name;
  std::string key_sha256;
  pki::Validity validity;  // of the certificate
  std::string address;     // for the log
  std::string ip;          // part of `address`; empty: local
  bool local = false;      // over the admin socket
};

// An administrator's name for the log.
inline std::string who(const Caller& caller) {
  return caller.local ? std::string("the admin socket") : caller.common_name;
}

// One node's session stream.
class Peer {
 public:
  virtual ~Peer() = default;
  // Queues the message. A full queue disconnects the node, which has stopped reading.
  virtual void send(v1::CoordinatorMessage message) = 0;
  // Ends the stream with that status. Idempotent.
  virtual void close(const Error& why) = 0;
};

// One `kagentctl status -w`.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // The node's status may have changed: the watcher asks for it when it can write.
  virtual void changed(const std::string& node_id) = 0;
  virtual void close(const Error& why) = 0;
};

}  // namespace kagent::coordinator
