#include "coordinator/core/sessions.hpp"

#include "kagent/v1/agent.pb.h"

namespace kagent::coordinator {

void Sessions::open(const std::string& node, const std::shared_ptr<Peer>& peer) {
  const auto before = std::exchange(peers_[node], peer);
  if (before && before != peer)
    before->close(Error(Errc::cancelled, "another session of this node has begun"));
}

bool Sessions::has(const std::string& node, const Peer* peer) const {
  const auto found = peers_.find(node);
  return found != peers_.end() && found->second.get() == peer;
}

bool Sessions::end(const std::string& node, const Peer* peer) {
  if (!has(node, peer)) return false;
  peers_.erase(node);
  return true;
}

std::shared_ptr<Peer> Sessions::take(const std::string& node) {
  const auto found = peers_.find(node);
  if (found == peers_.end()) return nullptr;
  auto peer = std::move(found->second);
  peers_.erase(found);
  return peer;
}

void Sessions::close_all(const Error& why) {
  for (const auto& [node, peer] : peers_) peer->close(why);
}

void Sessions::send(const std::string& node, v1::CoordinatorMessage message) {
  const auto found = peers_.find(node);
  if (found != peers_.end()) found->second->send(std::move(message));
}

}  // namespace kagent::coordinator
