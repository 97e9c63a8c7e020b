#include "coordinator/registry/membership.hpp"

namespace kagent::coordinator {

Membership::Membership(Nodes& nodes, Heartbeats& heartbeats, Names& names, ApiServers& api_servers,
                       Roles& roles, Grants& grants, Outbox& out)
    : nodes_(nodes),
      heartbeats_(heartbeats),
      names_(names),
      api_servers_(api_servers),
      roles_(roles),
      grants_(grants),
      out_(out) {}

void Membership::stays(Node& node) {
  if (!roles_.is_current(node)) roles_.send_assignment(node);
}

void Membership::was_reset(Node& node) {
  node.record.joined = node.record.was_ready = false;
  grants_.withdraw(node);
}

void Membership::left(Node& node, Now now) {
  grants_.forget(node);
  api_servers_.forget(node);
  out_.changed(node.record.id);
  if (node.record.leave.remove) return remove(node, now);
  node.record.name_bound = false;
  out_.save(node.record);
  if (node.record.leave.rejoin) come_back(node, now);
}

void Membership::remove(Node& node, Now now) {
  roles_.take_away(node);
  if (node.connected && node.record.leave.reset_done) out_.send(Disconnect{node.record.id});
  names_.remove(node);
  heartbeats_.drop(node);
  node.connected = false;
  nodes_.remove(node);
  roles_.fill_seats();
  roles_.settle_lease(now);
}

void Membership::come_back(Node& node, Now now) {
  node.record.leave = {};
  node.record.assignment_digest.clear();
  out_.save(node.record);
  out_.changed(node.record.id);
  if (!node.connected) return;
  roles_.give(node);
  roles_.settle_lease(now);
  if (node.record.assignment_digest.empty()) roles_.send_assignment(node);
}

Node* Membership::restore(const std::string& id, Now now) {
  Node* node = nodes_.restore(id);
  if (node == nullptr) return nullptr;
  heartbeats_.add(*node, now);
  names_.add(*node);
  return node;
}

}  // namespace kagent::coordinator
