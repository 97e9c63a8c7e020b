#pragma once

#include "agent/noded/step/context.hpp"

namespace kagent::noded {

// What the policy of NodeConfig.hostname makes of this node. Errors: not_found (private-dns without
// EC2), invalid_argument (no valid name).
Result<std::string> wanted_hostname(const Context& context);

}  // namespace kagent::noded
