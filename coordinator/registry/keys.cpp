#include "coordinator/registry/keys.hpp"

#include <sstream>
#include <utility>

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

// A token for one role cannot take over a node of another.
bool fits(const NodeRecord& record, WantedRole wanted, bool role_fixed) {
  if (!role_fixed) return true;
  if (record.role != Role::none) return is_role(wanted, record.role);
  return !record.role_fixed || record.wanted == wanted;
}

}  // namespace

Enrolment Keys::judge(const std::string& id, const std::string& key_sha256, WantedRole wanted,
                      bool role_fixed) const {
  if (const Node* known = std::as_const(nodes_).find(id)) {
    const NodeRecord& record = known->record;
    if (record.key_sha256 == key_sha256) return Enrolment::accepted;
    const Enrolment verdict = judge_rebind(*known, key_sha256, wanted, role_fixed);
    if (verdict == Enrolment::barred || record.key_sha256.empty()) return verdict;
    return Enrolment::other_key;
  }
  if (const NodeRecord* gone = std::as_const(nodes_).removed(id)) {
    if (gone->key_sha256 != key_sha256) return Enrolment::other_key;
    // Until it has reset itself, the node is let in so that it can be told to.
    return gone->leave.reset_done ? Enrolment::removed : Enrolment::accepted;
  }
  return Enrolment::accepted;
}

Enrolment Keys::judge_rebind(const Node& node, const std::string& key_sha256, WantedRole wanted,
                             bool role_fixed) const {
  if (is_barred(node.record, key_sha256)) return Enrolment::barred;
  return fits(node.record, wanted, role_fixed) ? Enrolment::accepted : Enrolment::other_role;
}

void Keys::bind_new(Node& node, const std::string& key_sha256, WantedRole wanted, bool role_fixed) {
  node.record.key_sha256 = key_sha256;
  node.record.wanted = wanted;
  node.record.role_fixed = role_fixed;
  out_.write(BindNode{node.record});
}

void Keys::bind(Node& node, const std::string& key_sha256, WantedRole wanted, bool role_fixed) {
  NodeRecord& record = node.record;
  const std::string from = std::exchange(record.key_sha256, key_sha256);
  if (!from.empty()) bar(record, from);
  out_.write(RebindNode{record, from});
  if (role_fixed && record.role == Role::none) {
    record.wanted = wanted;
    record.role_fixed = true;
    out_.save(record);
  }
}

bool Keys::unbind(Node& node) {
  NodeRecord& record = node.record;
  if (record.key_sha256.empty()) return false;
  const std::string from = std::exchange(record.key_sha256, {});
  bar(record, from);
  out_.write(RebindNode{record, from});
  return true;
}

}  // namespace kagent::coordinator
