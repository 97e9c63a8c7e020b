#include "agent/noded/reset/order.hpp"

#include "agent/noded/step/outcome.hpp"

namespace kagent::noded {

void block_without_order(const Context& context, CheckResult& found) {
  if (!context.reset_ordered && found.state != StepState::running) found.state = StepState::blocked;
}

Outcome no_order(std::string_view step) {
  return failed(step, "no-order", "the coordinator has ordered no reset of this node",
                "Run `kagentctl reset` on the coordinator.");
}

}  // namespace kagent::noded
