#include "coordinator/core/administration.hpp"

#include "agent/common/base/log.hpp"
#include "coordinator/admission/address.hpp"
#include "coordinator/core/clock.hpp"
#include "coordinator/core/convert.hpp"
#include "coordinator/core/find_node.hpp"
#include "kagent/v1/agent.pb.h"

namespace kagent::coordinator {

Result<> Administration::may_administer(const Caller& caller, std::string_view call) {
  if (caller.local || caller.organization == pki::admin_organization) {
    connections_.known(connection_key(caller.address));
    return {};
  }
  ++refused_;
  AuditEntry entry("administration", caller);
  entry.reason = "no administrator";
  entry.more.emplace_back("call", call);
  if (audit_.refused(entry, now()))
    log::warning("administration from {} ({}) refused", caller.address,
                 caller.common_name.empty() ? "no certificate" : caller.common_name);
  return Error(Errc::permission_denied,
               "this needs the admin socket (root and group kagent-admin) or an admin certificate");
}

v1::Node Administration::describe(const Node& node) const {
  v1::Node message = to_message(registry_, node);
  const std::string& id = node.record.id;
  if (ahead_.contains(id))
    message.set_reason(
        "it holds a later order than the coordinator has ever given it: the coordinator's store is "
        "an older copy, and the node takes no order of it; kagent-coordinator(8), RESTORING");
  const Now at = now();
  const auto rival = applications_.rival_of(id, at);
  if (!rival) return message;
  *message.mutable_rival() = to_message(*rival, true, at);
  if (message.reason().empty())
    message.set_reason("another machine, at " + rival->address +
                       ", asks for this node's identity with another key, and is refused; if it is "
                       "the right one: `kagentctl forget " +
                       id + " --key " + short_key(*rival) + "`");
  return message;
}

Result<v1::Node> Administration::describe(const std::string& id_or_name) const {
  const auto node = find_node(registry_, id_or_name);
  if (!node) return node.error();
  return describe(**node);
}

v1::ListNodesResponse Administration::list_nodes() const {
  v1::ListNodesResponse response;
  for (const auto& node : registry_.nodes()) *response.add_nodes() = describe(*node);
  *response.mutable_now() = to_timestamp(now().wall);
  return response;
}

Result<std::string> Administration::retry(const std::string& node, const Caller& caller) {
  const auto found = find_node(registry_, node);
  if (!found) return found.error();
  const std::string& id = (*found)->record.id;
  if (!sessions_.is_connected(id))
    return Error(Errc::unavailable, "node " + node + " is not connected");
  AuditEntry entry("retry", caller);
  entry.node = id;
  if (auto written = audit_.granted(entry, now()); !written) return written.error();
  v1::CoordinatorMessage message;
  message.mutable_retry();
  sessions_.send(id, std::move(message));
  return id;
}

}  // namespace kagent::coordinator
