#include "agent/common/plan/plan.hpp"
#include "coordinator/ctl/cli.hpp"
#include "coordinator/ctl/documents/documents.hpp"
#include "coordinator/ctl/render/names.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <string>

namespace kagent {
namespace {

using Catch::Matchers::ContainsSubstring;

// Each script contains the lists, since shells cannot ask the coordinator for them.
struct Scripts {
  ctl::Endpoint endpoint;
  ctl::Command program = ctl::program(endpoint);
  std::string bash = ctl::documents::bash_completion(program);
  std::string zsh = ctl::documents::zsh_completion(program);
  std::string fish = ctl::documents::fish_completion(program);
};

}  // namespace

TEST_CASE("Each shell completes exactly the phases that there are") {
  std::string phases;
  for (int number = v1::Phase_MIN + 1; number <= v1::Phase_MAX; ++number)
    phases += (phases.empty() ? "" : " ") + ctl::render::phase_name(static_cast<v1::Phase>(number));
  const Scripts scripts;
  CHECK_THAT(scripts.bash, ContainsSubstring("wait:--for) words=\"" + phases + "\" ;;"));
  CHECK_THAT(scripts.zsh, ContainsSubstring(":PHASE:(" + phases + ")'"));
  CHECK_THAT(scripts.fish, ContainsSubstring("wait' -l for -x -a '" + phases + "' "));
}

TEST_CASE("Each shell completes exactly the steps that there are") {
  std::string steps;
  for (const plan::Step& step : plan::all_steps())
    steps += (steps.empty() ? "" : " ") + std::string(step.name);
  const Scripts scripts;
  CHECK_THAT(scripts.bash, ContainsSubstring("logs:1) words=\"" + steps + "\" ;;"));
  CHECK_THAT(scripts.zsh, ContainsSubstring("'2:STEP:(" + steps + ")'"));
  CHECK_THAT(scripts.fish, ContainsSubstring("logs' -a '" + steps + "'\n"));
}

}  // namespace kagent
