#pragma once

#include "agent/noded/step/context.hpp"

namespace kagent::noded {

// The hostname that the policy in NodeConfig.hostname gives this node. Errors: not_found
// (private-dns outside of EC2), invalid_argument (no valid name).
Result<std::string> wanted_hostname(const Context& context);

}  // namespace kagent::noded
