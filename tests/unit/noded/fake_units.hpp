#pragma once

#include "agent/noded/step/step.hpp"
#include "agent/noded/steps.hpp"
#include "agent/noded/systemd/systemd.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kagent::noded {

// systemd in memory, as steps use it. `calls` records what it was asked to change.
class FakeUnits final : public Units, public Commands, public Host {
 public:
  std::vector<std::string> calls;  // "stop foo.service", "run kagent-x.service"
  std::vector<Command> commands;
  std::map<std::string, UnitState> units;
  std::map<std::string, std::vector<std::string>> wanted_by;
  std::set<std::string> failing_jobs;
  Result<ClockState> clock_state = Error(Errc::not_found, "no timedated");
  bool ntp_can_be_turned_on = true;
  std::function<UnitRun(const Command&)> on_run;

  boost::asio::awaitable<Result<UnitRun>> run(Command command) override;
  boost::asio::awaitable<Result<std::optional<UnitRun>>> adopt(std::string unit) override;
  boost::asio::awaitable<Result<UnitState>> state(std::string unit) override;
  boost::asio::awaitable<Result<std::vector<std::string>>> loaded(std::string pattern) override;
  boost::asio::awaitable<Result<std::vector<std::string>>> dependencies(std::string unit) override;
  boost::asio::awaitable<Result<>> job(Verb verb, std::string unit) override;
  boost::asio::awaitable<Result<>> enable(std::string unit) override;
  boost::asio::awaitable<Result<>> mask(std::string unit) override;
  boost::asio::awaitable<Result<>> set_hostname(std::string name) override;
  boost::asio::awaitable<Result<ClockState>> clock() override;
  boost::asio::awaitable<Result<>> turn_ntp_on() override;
};

// A machine in a folder of its own, on which a step runs.
class Machine {
 public:
  Machine();

  void write(const std::string& path, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& path) const;
  // The changes that check finds, or an Error as one line "error: ...".
  [[nodiscard]] std::vector<std::string> check(Step& step) const;
  [[nodiscard]] CheckResult look(Step& step) const;  // the same with the state
  [[nodiscard]] Outcome apply(Step& step) const;

  std::shared_ptr<FakeUnits> units = std::make_shared<FakeUnits>();
  std::shared_ptr<Context> context = std::make_shared<Context>();

 private:
  TemporaryFolder folder_;
};

// Runs a coroutine that waits for nothing outside of itself.
template <class T>
T finish(boost::asio::awaitable<T> work) {
  boost::asio::io_context io;
  auto result = boost::asio::co_spawn(io, std::move(work), boost::asio::use_future);
  io.run();
  return result.get();
}

UnitRun printed(const Command& command, std::string output);
UnitRun failing(const Command& command, int status);

}  // namespace kagent::noded
