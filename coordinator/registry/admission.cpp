// Which key may be which node id, and what becomes of the keys before.
#include "coordinator/registry/registry.hpp"

#include <sstream>

namespace kagent::coordinator {
namespace {

bool is_barred(const NodeRecord& record, const std::string& key_sha256) {
  std::istringstream keys(record.barred_key);
  for (std::string key; std::getline(keys, key, ',');)
    if (key == key_sha256) return true;
  return false;
}

void bar(NodeRecord& record, const std::string& key_sha256) {
  if (!record.barred_key.empty()) record.barred_key += ',';
  record.barred_key += key_sha256;
}

bool is_role(WantedRole wanted, Role role) {
  return wanted == (role == Role::control_plane ? WantedRole::control_plane : WantedRole::worker);
}

// A token for one role gives no node of another.
bool fits(const NodeRecord& record, WantedRole wanted, bool role_fixed) {
  if (!role_fixed) return true;
  if (record.role != Role::none) return is_role(wanted, record.role);
  return !record.role_fixed || record.wanted == wanted;
}

Enrolment unbound(const NodeRecord& record, const std::string& key_sha256, WantedRole wanted,
                  bool role_fixed) {
  if (is_barred(record, key_sha256)) return Enrolment::barred;
  return fits(record, wanted, role_fixed) ? Enrolment::accepted : Enrolment::other_role;
}

}  // namespace

Enrolment Registry::judge(const std::string& id, const std::string& key_sha256, WantedRole wanted,
                          bool role_fixed) const {
  if (const Node* known = find(id)) {
    const NodeRecord& record = known->record;
    if (record.key_sha256 == key_sha256) return Enrolment::accepted;
    const Enrolment verdict = unbound(record, key_sha256, wanted, role_fixed);
    if (verdict == Enrolment::barred || record.key_sha256.empty()) return verdict;
    return Enrolment::other_key;
  }
  if (const NodeRecord* gone = removed(id)) {
    if (gone->key_sha256 != key_sha256) return Enrolment::other_key;
    // Before it is refused it must undo what it may still have of the cluster.
    return gone->leave.reset_done ? Enrolment::removed : Enrolment::accepted;
  }
  return Enrolment::accepted;
}

Enrolment Registry::enrol(const std::string& id, const std::string& key_sha256, WantedRole wanted,
                          Now now, bool role_fixed) {
  const Enrolment verdict = judge(id, key_sha256, wanted, role_fixed);
  if (verdict != Enrolment::accepted || removed(id) != nullptr) return verdict;
  if (Node* known = get(id)) {
    if (known->record.key_sha256.empty()) bind_key(*known, key_sha256, wanted, role_fixed);
    hear(*known, now);
    return verdict;
  }
  auto node = std::make_unique<Node>();
  node->record.id = id;
  node->record.key_sha256 = key_sha256;
  node->record.order = next_order_++;
  node->record.wanted = wanted;
  node->record.role_fixed = role_fixed;
  node->record.enrolled_at = now.wall;
  node->record.last_seen_at = now.wall;
  node->heard = now.steady;
  node->by_heard = alive_.insert(alive_.end(), node.get());
  by_id_.emplace(id, node.get());
  out_.write(BindNode{node->record});
  changed(*node);
  nodes_.push_back(std::move(node));
  return verdict;
}

void Registry::bind_key(Node& node, const std::string& key_sha256, WantedRole wanted,
                        bool role_fixed) {
  NodeRecord& record = node.record;
  const std::string from = std::exchange(record.key_sha256, key_sha256);
  if (!from.empty()) bar(record, from);
  out_.write(RebindNode{record, from});
  if (role_fixed && record.role == Role::none) {
    record.wanted = wanted;
    record.role_fixed = true;
    save(node);
  }
}

Result<> Registry::unbind(const std::string& id, Now) {
  Node* node = get(id);
  if (node == nullptr) return Error(Errc::not_found, "there is no node " + id);
  NodeRecord& record = node->record;
  if (record.key_sha256.empty()) return {};
  const std::string from = std::exchange(record.key_sha256, {});
  bar(record, from);
  out_.write(RebindNode{record, from});
  end_session(*node);
  return {};
}

Enrolment Registry::may_rebind(const Node& node, const std::string& key_sha256, WantedRole wanted,
                               bool role_fixed) const {
  return unbound(node.record, key_sha256, wanted, role_fixed);
}

Enrolment Registry::rebind(const std::string& id, const std::string& key_sha256, WantedRole wanted,
                           bool role_fixed) {
  Node* node = get(id);
  if (node == nullptr) return Enrolment::removed;
  if (node->record.key_sha256 == key_sha256) return Enrolment::accepted;
  const Enrolment verdict = may_rebind(*node, key_sha256, wanted, role_fixed);
  if (verdict != Enrolment::accepted) return verdict;
  bind_key(*node, key_sha256, wanted, role_fixed);
  end_session(*node);
  return verdict;
}

// Of the key before.
void Registry::end_session(Node& node) {
  forget(node);
  out_.send(Disconnect{node.record.id, true});
  changed(node);
}

const NodeRecord* Registry::record(const std::string& id) const {
  const Node* node = find(id);
  return node != nullptr ? &node->record : removed(id);
}

}  // namespace kagent::coordinator
