#pragma once

#include "coordinator/admission/peer.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

namespace kagent::coordinator {

// The sessions of connected nodes by node id, at most one for each node.
class Sessions {
 public:
  // Closes another session of the same node with `cancelled`.
  void open(const std::string& node, const std::shared_ptr<Peer>& peer);
  // False if `peer` is not the node's session.
  bool end(const std::string& node, const Peer* peer);
  // Takes the session out without closing it. Nothing: the node is not connected.
  std::shared_ptr<Peer> take(const std::string& node);
  void close_all(const Error& why);

  // Drops the message if the node is not connected: its next Hello says what it holds.
  void send(const std::string& node, v1::CoordinatorMessage message);

  [[nodiscard]] bool has(const std::string& node, const Peer* peer) const;
  [[nodiscard]] bool is_connected(const std::string& node) const { return peers_.contains(node); }
  [[nodiscard]] std::size_t size() const { return peers_.size(); }

 private:
  std::unordered_map<std::string, std::shared_ptr<Peer>> peers_;
};

}  // namespace kagent::coordinator
