#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/ctl/render/plan.hpp"

#include <vector>

namespace kagent::ctl {

// Asks kagent-noded of this machine over the system bus, at most two minutes. Errors: unavailable
// (no bus, or kagent-noded cannot be started), permission_denied (only root and kagent may),
// deadline_exceeded, and what noded answers.
Result<std::vector<render::PlannedStep>> plan_of_this_node();

// Stops kagent's units and waits until they have stopped; where systemd does not run (an image in
// the making) there is nothing to do. Errors: permission_denied, io.
Result<> stop_kagent();

}  // namespace kagent::ctl
