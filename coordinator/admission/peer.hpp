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

// The coordinator's view of its callers, whatever carries them. Called and calling on the loop.
namespace kagent::coordinator {

// Who the caller has proved to be by its client certificate (verified against our CA by TLS).
struct Caller {
  std::string
      organization;  // pki::node_organization, pki::admin_organization; empty: no certificate
  std::string common_name;
  std::string key_sha256;
  pki::Validity validity;  // of the certificate
  std::string address;     // for the log
  std::string ip;          // of it; empty: local
  bool local = false;      // over the admin socket
};

// For the log, of an administrator.
inline std::string who(const Caller& caller) {
  return caller.local ? std::string("the admin socket") : caller.common_name;
}

// One node's session stream.
class Peer {
 public:
  virtual ~Peer() = default;
  // Queues it; a node that does not read its messages is disconnected when the queue is full.
  virtual void send(v1::CoordinatorMessage message) = 0;
  // Ends the stream with that status, once.
  virtual void close(const Error& why) = 0;
};

// One `kagentctl status -w`.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // The node may look different: the watcher asks for it when it can write.
  virtual void changed(const std::string& node_id) = 0;
  virtual void close(const Error& why) = 0;
};

}  // namespace kagent::coordinator
