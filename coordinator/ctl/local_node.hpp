#pragma once

#include "agent/base/error.hpp"
#include "coordinator/ctl/render/plan.hpp"

#include <vector>

namespace kagent::ctl {

// Asks kagent-noded of this machine over the system bus, at most two minutes. Errors: unavailable
// (no bus, or kagent-noded cannot be started), permission_denied (only root and kagent may),
// deadline_exceeded, and what noded answers.
Result<std::vector<render::PlannedStep>> plan_of_this_node();

}  // namespace kagent::ctl
