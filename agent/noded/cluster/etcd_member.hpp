#pragma once

#include "agent/noded/step/context.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace kagent::noded {

// Input: `etcdctl member list -w json`. The hexadecimal id of the member with that name, or of a
// member that never started (and so has no name) whose peer address is `address`. Nothing if there
// is neither. Errors: protocol.
Result<std::optional<std::string>> member_id(std::string_view list, std::string_view name,
                                             std::string_view address);

// Removes a member from the etcd cluster of this control plane, with the etcdctl in etcd's
// container. Does nothing if the member does not exist or etcd was not set up by kubeadm. Takes a
// minute at most. Errors: failed_precondition (no control plane, or the member is this node's own),
// unavailable (with etcdctl's last line).
boost::asio::awaitable<Result<>> remove_etcd_member(ContextPtr context, v1::EtcdMemberOrder order);

}  // namespace kagent::noded
