#pragma once

#include "agent/common/failure/failure.hpp"
#include "agent/noded/step/context.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Why kubelet does not stay up. Until init or join has written its configuration it restarts again
// and again, as it should: that is no trouble. The ids are "kubelet.WHAT": see CauseId::in().
namespace kagent::noded {

// What does not fit together on this node, whether kubelet has stumbled over it yet or not: files
// only.
std::optional<Failure> kubelet_misfit(const Context& context);

// That, or that it crashes: facts first, then the last error that it logged.
boost::asio::awaitable<std::optional<Failure>> kubelet_trouble(ContextPtr context);

// The klog line that ended it: the last one of level E or F, without its header; "" if none.
std::string last_klog_error(const std::vector<std::string>& lines);

}  // namespace kagent::noded
