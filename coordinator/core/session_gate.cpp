#include "coordinator/core/session_gate.hpp"

#include "agent/common/base/log.hpp"
#include "coordinator/admission/address.hpp"
#include "coordinator/core/clock.hpp"

namespace kagent::coordinator {

Result<> SessionGate::may_enter(const Caller& caller) const {
  const std::string& id = caller.common_name;
  if (closed_) return Error(Errc::unavailable, "the coordinator is stopping");
  if (caller.organization != pki::node_organization)
    return Error(Errc::unauthenticated, "a session needs a node's client certificate: enrol first");
  const Node* node = registry_.find(id);
  const NodeRecord* record = node != nullptr ? &node->record : registry_.removed(id);
  if (record == nullptr)
    if (auto proof = rollback_.unknown_node(caller); !proof) return proof;
  // A removed node keeps its session until it has reset itself.
  if (node == nullptr && record != nullptr && record->leave.reset_done)
    return Error(Errc::permission_denied, "node " + id + " was removed");
  if (record == nullptr || record->key_sha256 != caller.key_sha256)
    return Error(Errc::unauthenticated, "node " + id + " is not enrolled here");
  return {};
}

Result<> SessionGate::admit(const Caller& caller) {
  auto admitted = may_enter(caller);
  if (admitted) {
    connections_.known(connection_key(caller.address));
    return admitted;
  }
  ++refused_;
  AuditEntry entry("session", caller);
  entry.reason = admitted.error().message();
  if (audit_.refused(entry, now()))
    log::warning("session from {} refused: {}", caller.address, admitted.error().message());
  if (admitted.error().code() == Errc::data_loss) fatal_(admitted.error());
  return admitted;
}

void SessionGate::ending(const Caller& caller) {
  connections_.stranger(connection_key(caller.address), now().steady);
}

}  // namespace kagent::coordinator
