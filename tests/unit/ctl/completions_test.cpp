#include "agent/common/base/file.hpp"
#include "agent/common/plan/plan.hpp"
#include "coordinator/ctl/render/names.hpp"
#include "tests/support/result.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace kagent {
namespace {

// Shells cannot ask: each has lists of its own.
bool has(const std::string& shell, const std::string& list) {
  const std::string folder = KAGENT_COMPLETIONS_FOLDER;
  return read_file(folder + "/" + shell).value().find(list) != std::string::npos;
}

}  // namespace

TEST_CASE("Each shell completes exactly the phases that there are") {
  std::string phases;
  for (int number = v1::Phase_MIN + 1; number <= v1::Phase_MAX; ++number)
    phases += (phases.empty() ? "" : " ") + ctl::render::phase_name(static_cast<v1::Phase>(number));
  CHECK(has("kagentctl.bash", "local phases=\"" + phases + "\"\n"));
  CHECK(has("_kagentctl", "'--for[phase]:phase:(" + phases + ")'"));
  CHECK(has("kagentctl.fish", "set -l phases " + phases + "\n"));
}

TEST_CASE("Each shell completes exactly the steps that there are") {
  std::string steps;
  for (const plan::Step& step : plan::all_steps())
    steps += (steps.empty() ? "" : " ") + std::string(step.name);
  CHECK(has("kagentctl.bash", "local steps=\"" + steps + "\"\n"));
  CHECK(has("_kagentctl", "'2:step:(" + steps + ")'"));
  CHECK(has("kagentctl.fish", "set -l steps " + steps + "\n"));
}

}  // namespace kagent
