#include "coordinator/admission/message_limits.hpp"

#include "kagent/v1/agent.pb.h"

namespace kagent::coordinator {

std::size_t bound(v1::AgentMessage& message) {
  const bool carries_report = message.has_report() || message.has_hello();
  return values::bound(message, carries_report ? report_limits : reply_limits);
}

std::size_t bound(v1::NodeReport& report) {
  return values::bound(report, report_limits);
}

}  // namespace kagent::coordinator
