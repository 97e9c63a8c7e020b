#include "coordinator/ctl/render/plan.hpp"

#include "coordinator/ctl/client/local_node.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/terminal.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

namespace kagent::ctl {
namespace {

std::string to_json(const std::vector<render::PlannedStep>& steps) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const render::PlannedStep& step : steps)
    list.push_back({{"step", step.name}, {"state", step.state}, {"changes", step.changes}});
  nlohmann::ordered_json document;
  document["steps"] = std::move(list);
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

ExitCode run_plan(bool json) {
  const auto steps = plan_of_this_node();
  if (!steps) return fail(steps.error());
  std::cout << (json ? to_json(*steps) : render::plan(*steps, look_of_stdout()));
  return exit_ok;
}

}  // namespace kagent::ctl
