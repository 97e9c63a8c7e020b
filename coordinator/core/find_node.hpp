#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/registry.hpp"

#include <string>

namespace kagent::coordinator {

// The node that an administrator means. Errors: not_found; failed_precondition: several nodes fit.
Result<const Node*> find_node(const Registry& registry, const std::string& id_or_name);

}  // namespace kagent::coordinator
