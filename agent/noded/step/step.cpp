#include "agent/noded/step/step.hpp"

#include <fmt/format.h>

namespace kagent::noded {

std::string_view to_string(StepState state) {
  switch (state) {
    case StepState::done: return "done";
    case StepState::needed: return "needed";
    case StepState::running: return "running";
    case StepState::blocked: return "blocked";
  }
  return "?";
}

std::string unit_name(std::string_view step, std::string_view what) {
  return what.empty() ? fmt::format("kagent-{}.service", step)
                      : fmt::format("kagent-{}-{}.service", step, what);
}

void CheckResult::need(std::string change) {
  state = StepState::needed;
  changes.push_back(std::move(change));
}

void CheckResult::leave(std::string what) {
  changes.push_back(std::move(what));
}

}  // namespace kagent::noded
