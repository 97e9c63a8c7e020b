#pragma once

#include "agent/noded/step/context.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace kagent::noded {

// Of `etcdctl member list -w json`: the id, in hexadecimal, of the member with that name, or of one
// that has none yet (it never started) and whose peer address is `address`; nothing if there is
// neither. Errors: protocol.
Result<std::optional<std::string>> member_id(std::string_view list, std::string_view name,
                                             std::string_view address);

// Takes a member out of the cluster that this control plane's etcd is in, by the etcdctl in its
// container. Nothing to do where it is not there, or etcd is not kubeadm's. At most a minute.
// Errors: failed_precondition (no control plane, or that member is its own), unavailable (with
// etcdctl's last line).
boost::asio::awaitable<Result<>> remove_etcd_member(ContextPtr context, v1::EtcdMemberOrder order);

}  // namespace kagent::noded
