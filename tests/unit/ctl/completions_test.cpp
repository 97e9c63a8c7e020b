#include "agent/base/file.hpp"
#include "agent/plan/plan.hpp"
#include "tests/support/result.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace kagent {

// Shells cannot ask: `kagentctl logs NODE STEP` names them of a list of its own in each.
TEST_CASE("Each shell completes exactly the steps that there are") {
  std::string steps;
  for (const plan::Step& step : plan::all_steps())
    steps += (steps.empty() ? "" : " ") + std::string(step.name);
  const std::string folder = KAGENT_COMPLETIONS_FOLDER;
  const auto has = [&](const std::string& shell, const std::string& list) {
    return read_file(folder + "/" + shell).value().find(list) != std::string::npos;
  };
  CHECK(has("kagentctl.bash", "local steps=\"" + steps + "\"\n"));
  CHECK(has("_kagentctl", "'2:step:(" + steps + ")'"));
  CHECK(has("kagentctl.fish", "set -l steps " + steps + "\n"));
}

}  // namespace kagent
