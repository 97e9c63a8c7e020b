#include "coordinator/ctl/render/plan.hpp"

#include "coordinator/ctl/client/local_node.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/terminal.hpp"

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

namespace kagent::ctl {
namespace {

constexpr char details[] =
    R"(Run this on a node, as root: it asks kagent-noded over D-Bus. Nothing is
changed.)";

std::string to_json(const std::vector<render::PlannedStep>& steps) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const render::PlannedStep& step : steps)
    list.push_back({{"step", step.name}, {"state", step.state}, {"changes", step.changes}});
  nlohmann::ordered_json document;
  document["steps"] = std::move(list);
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

ExitCode run(bool json) {
  const auto steps = plan_of_this_node();
  if (!steps) return fail(steps.error());
  std::cout << (json ? to_json(*steps) : render::plan(*steps, look_of_stdout()));
  return exit_ok;
}

}  // namespace

Command make_plan() {
  const auto json = std::make_shared<bool>(false);
  Command command("plan", "Show what each step would change on this node", details);
  command.flag("--json", *json, "Print JSON");
  command.run = [json] { return run(*json); };
  return command;
}

}  // namespace kagent::ctl
