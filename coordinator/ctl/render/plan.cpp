#include "coordinator/ctl/render/plan.hpp"

#include <algorithm>
#include "agent/common/base/printable.hpp"

namespace kagent::ctl::render {
namespace {

Style style_of(const std::string& state) {
  if (state == "done") return Style::good;
  if (state == "needed" || state == "running") return Style::busy;
  return Style::dim;
}

}  // namespace

std::string plan(const std::vector<PlannedStep>& steps, const Look& look) {
  Table table({"STEP", "STATE", "WHAT WOULD CHANGE"});
  for (const PlannedStep& step : steps) {
    const std::string first = step.changes.empty() ? "" : printable(step.changes.front());
    table.row({{printable(step.name)}, {printable(step.state), style_of(step.state)}, {first}});
    for (std::size_t i = 1; i < step.changes.size(); ++i)
      table.row({{}, {}, {printable(step.changes[i])}});
  }
  const auto needed = std::ranges::count(steps, "needed", &PlannedStep::state);
  const std::string end = needed == 0 ? "Nothing would change.\n"
                          : needed == 1
                              ? "1 step would change something.\n"
                              : std::to_string(needed) + " steps would change something.\n";
  return table.text(look) + end;
}

}  // namespace kagent::ctl::render
