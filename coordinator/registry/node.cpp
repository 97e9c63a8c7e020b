#include "coordinator/registry/node.hpp"

#include <algorithm>

namespace kagent::coordinator {

const StepReport* Report::step(std::string_view name) const {
  const auto found = std::ranges::find(steps, name, &StepReport::name);
  return found == steps.end() ? nullptr : &*found;
}

bool step_is(const Node& node, std::string_view step, StepState state) {
  const StepReport* told = node.report ? node.report->step(step) : nullptr;
  return told != nullptr && told->state == state;
}

const std::string& title(const Node& node) {
  return node.record.name.empty() ? node.record.id : node.record.name;
}

}  // namespace kagent::coordinator
