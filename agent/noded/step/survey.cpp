#include "agent/noded/step/survey.hpp"

#include "agent/noded/step/programs.hpp"

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr const char* surveyed_units[] = {
    "containerd.service",  "kubelet.service",         "docker.service",         "docker.socket",
    "cri-docker.service",  "cri-docker.socket",       "haproxy.service",        "zramswap.service",
    "zram-config.service", "kagent-balancer.service", "kagent-metadata.service"};

}  // namespace

asio::awaitable<Result<std::map<std::string, std::string>>> read_settings(ContextPtr context) {
  std::map<std::string, std::string> values;
  if (const auto program = find_program("sysctl"); !program) co_return values;
  Command::Argv argv{"sysctl", "-e"};
  for (const char* setting : surveyed_settings) argv.emplace_back(setting);
  Command command = Command::capturing("kagent-survey.service", std::move(argv), 10s);
  auto run = co_await context->commands->run(std::move(command));
  if (!run) co_return run.error();
  for (const std::string& line : lines_of(run->output))
    if (const auto equal = line.find(" = "); equal != std::string::npos)
      values[line.substr(0, equal)] = line.substr(equal + 3);
  co_return values;
}

asio::awaitable<Result<UnitWas>> look_at_unit(ContextPtr context, std::string unit) {
  auto state = co_await context->units->state(std::move(unit));
  if (!state) co_return state.error();
  UnitWas was;
  was.enabled = state->file == "enabled";
  was.running = state->alive();
  was.masked = state->load == "masked";
  co_return was;
}

asio::awaitable<Result<>> take_survey(ContextPtr context) {
  const auto done = context->before->surveyed();
  if (!done) co_return done.error();
  if (*done) co_return Result<>{};
  Before::Survey survey;
  std::vector<std::string> units(std::begin(surveyed_units), std::end(surveyed_units));
  auto swaps = co_await context->units->loaded("*.swap");
  if (!swaps) co_return swaps.error();
  units.insert(units.end(), swaps->begin(), swaps->end());
  auto wanted = co_await context->units->dependencies("swap.target");
  if (!wanted) co_return wanted.error();
  for (const std::string& unit : *wanted)
    if (unit.ends_with(".swap")) units.push_back(unit);
  for (const std::string& unit : units) {
    auto was = co_await look_at_unit(context, unit);
    if (!was) co_return was.error();
    survey.units[unit] = *was;
  }
  auto settings = co_await read_settings(context);
  if (!settings) co_return settings.error();
  survey.settings = std::move(*settings);
  for (const char* folder : surveyed_folders)
    if (context->exists(folder)) survey.folders[folder] = entries_of(context->at(folder));
  co_return context->before->keep(std::move(survey));
}

}  // namespace kagent::noded
