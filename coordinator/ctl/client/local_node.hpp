#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/ctl/render/plan.hpp"

#include <vector>

namespace kagent::ctl {

// Asks this machine's kagent-noded over the system bus and waits two minutes at most. Errors:
// unavailable (no bus, or kagent-noded cannot be started), permission_denied (only root and user
// kagent may ask), deadline_exceeded, and those that kagent-noded returns.
Result<std::vector<render::PlannedStep>> plan_of_this_node();

// Stops the units of kagent and waits until they have stopped. Does nothing where systemd does not
// run, such as in a chroot. Errors: permission_denied, io.
Result<> stop_kagent();

}  // namespace kagent::ctl
