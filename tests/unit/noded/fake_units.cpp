#include "tests/unit/noded/fake_units.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/config/cluster_config.hpp"

#include <fnmatch.h>

namespace kagent::noded {
namespace asio = boost::asio;

asio::awaitable<Result<UnitRun>> FakeUnits::run(Command command) {
  calls.push_back("run " + command.unit);
  commands.push_back(command);
  if (on_run) co_return on_run(command);
  co_return printed(command, "");
}

asio::awaitable<Result<std::optional<UnitRun>>> FakeUnits::adopt(std::string) {
  co_return std::optional<UnitRun>{};
}

asio::awaitable<Result<UnitState>> FakeUnits::state(std::string unit) {
  const auto found = units.find(unit);
  if (found != units.end()) co_return found->second;
  UnitState missing;
  missing.load = "not-found";
  missing.active = "inactive";
  co_return missing;
}

asio::awaitable<Result<std::vector<std::string>>> FakeUnits::loaded(std::string pattern) {
  std::vector<std::string> names;
  for (const auto& [name, state] : units)
    if (state.active == "active" && ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0)
      names.push_back(name);
  co_return names;
}

asio::awaitable<Result<std::vector<std::string>>> FakeUnits::dependencies(std::string unit) {
  co_return wanted_by[unit];
}

asio::awaitable<Result<>> FakeUnits::job(Verb verb, std::string unit) {
  const char* const word = verb == Verb::start    ? "start "
                           : verb == Verb::stop   ? "stop "
                           : verb == Verb::reload ? "reload "
                                                  : "restart ";
  calls.push_back(word + unit);
  if (failing_jobs.contains(unit))
    co_return Error(Errc::io, unit + ": the job ended as \"failed\"");
  units[unit].active = verb == Verb::stop ? "inactive" : "active";
  co_return Result<>{};
}

asio::awaitable<Result<>> FakeUnits::enable(std::string unit) {
  calls.push_back("enable " + unit);
  units[unit].file = "enabled";
  co_return Result<>{};
}

asio::awaitable<Result<>> FakeUnits::mask(std::string unit) {
  calls.push_back("mask " + unit);
  units[unit].load = "masked";
  units[unit].file = "masked";
  co_return Result<>{};
}

asio::awaitable<Result<>> FakeUnits::set_hostname(std::string name) {
  calls.push_back("hostname " + name);
  co_return Result<>{};
}

asio::awaitable<Result<ClockState>> FakeUnits::clock() {
  co_return clock_state;
}

asio::awaitable<Result<>> FakeUnits::turn_ntp_on() {
  calls.push_back("ntp on");
  if (!ntp_can_be_turned_on) co_return Error(Errc::io, "NTP not supported");
  clock_state->ntp = true;
  co_return Result<>{};
}

Machine::Machine() {
  context->root = folder_.path();
  context->units = units;
  context->commands = units;
  context->host = units;
  context->cluster = config::parse_cluster_config("", "test").value();
}

void Machine::write(const std::string& path, const std::string& text) const {
  const auto file = context->at(path);
  std::filesystem::create_directories(file.parent_path());
  write_file_atomic(file, text, 0644).value();
}

std::string Machine::read(const std::string& path) const {
  auto text = read_file(context->at(path));
  return text ? *text : "error: " + text.error().message();
}

std::vector<std::string> Machine::check(Step& step) const {
  auto found = finish(step.check(context));
  if (!found) return {"error: " + found.error().message()};
  return found->changes;
}

CheckResult Machine::look(Step& step) const {
  return finish(step.check(context)).value();
}

Outcome Machine::apply(Step& step) const {
  return finish(step.apply(context));
}

UnitRun printed(const Command& command, std::string output) {
  UnitRun run;
  run.unit = command.unit;
  run.result = "success";
  run.output = std::move(output);
  return run;
}

UnitRun failing(const Command& command, int status) {
  UnitRun run;
  run.unit = command.unit;
  run.result = "exit-code";
  run.exit_status = status;
  return run;
}

}  // namespace kagent::noded
