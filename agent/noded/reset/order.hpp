#pragma once

#include "agent/noded/step/step.hpp"

#include <string_view>

// The steps of a reset do nothing until the coordinator has ordered the reset.
namespace kagent::noded {

// Sets `blocked`; the changes in `found` still say what a reset would do.
void block_without_order(const Context& context, CheckResult& found);
Outcome no_order(std::string_view step);

}  // namespace kagent::noded
