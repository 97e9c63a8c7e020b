#pragma once

#include "agent/common/values/bound.hpp"

namespace kagent::v1 {
class AgentMessage;
class NodeReport;
}  // namespace kagent::v1

// How much a node may say in one message, after it was parsed.
namespace kagent::coordinator {

inline constexpr values::MessageLimits report_limits{1024, 128, 64 << 10};
inline constexpr values::MessageLimits reply_limits{4096, 10'000, 512 << 10};

// values::bound() with report_limits for what carries a NodeReport, reply_limits for everything
// else.
std::size_t bound(v1::AgentMessage& message);
std::size_t bound(v1::NodeReport& report);

}  // namespace kagent::coordinator
