#include "agent/noded/runner/runner.hpp"

#include "agent/noded/step/outcome.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <boost/asio/co_spawn.hpp>

#include <catch2/catch_test_macros.hpp>

namespace kagent::noded {
namespace {

namespace asio = boost::asio;

// A step of the plan that does what the test says. Each apply waits for `go`.
class FakeStep final : public Step {
 public:
  FakeStep(asio::io_context& io, std::string name)
      : go(io.get_executor()), name_(std::move(name)) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  asio::awaitable<Result<CheckResult>> check(ContextPtr) override { co_return found; }
  asio::awaitable<Outcome> apply(ContextPtr context) override {
    ++applies;
    context->progress("half way");
    co_await go.wait();
    co_return outcome;
  }

  Event go;
  Result<CheckResult> found = CheckResult();
  Outcome outcome;
  int applies = 0;

 private:
  std::string name_;
};

struct Fixture {
  Fixture() {
    machine.context->before = std::make_shared<Before>(folder / "root", folder / "before.json");
    std::vector<std::unique_ptr<Step>> steps;
    for (const char* name : {"hostname", "swap"}) {
      auto step = std::make_unique<FakeStep>(io, name);
      fakes.push_back(step.get());
      steps.push_back(std::move(step));
    }
    Runner::Reports reports;
    reports.progress = [this](const std::string& step, const std::string& detail) {
      reported.push_back(step + ": " + detail);
    };
    reports.finished = [this](const std::string& step, std::uint32_t attempt,
                              const Outcome& outcome) {
      reported.push_back(step + " ended, attempt " + std::to_string(attempt) + ", " +
                         (outcome.ok() ? "done" : outcome.failure->message));
    };
    runner.emplace(
        io.get_executor(), tasks, vault, [this] { return context(); }, std::move(steps), reports);
  }

  Result<std::shared_ptr<Context>> context() {
    ++contexts;
    if (!has_user_data) return Error(Errc::not_found, "no user-data yet");
    return std::make_shared<Context>(*machine.context);
  }
  // Until nothing but waiting is left to do.
  void settle() {
    io.restart();
    io.poll();
  }
  Result<CheckResult> check(const std::string& step) {
    std::optional<Result<CheckResult>> result;
    asio::co_spawn(
        io, runner->check(step),
        [&](const std::exception_ptr&, Result<CheckResult> found) { result = std::move(found); });
    settle();
    return *result;
  }
  void finish_applies() {
    for (FakeStep* step : fakes) step->go.set();
    settle();
  }

  TemporaryFolder folder;
  Machine machine;
  asio::io_context io;
  Tasks tasks{io.get_executor()};
  Vault vault{folder.path(), folder.path()};
  std::vector<FakeStep*> fakes;
  std::vector<std::string> reported;
  int contexts = 0;
  bool has_user_data = true;
  std::optional<Runner> runner;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("A run reports its progress, then its end") {
  Fixture fixture;
  REQUIRE(fixture.runner->start("swap", 3));
  fixture.settle();
  CHECK(fixture.reported == Lines{"swap: half way"});
  fixture.finish_applies();
  CHECK(fixture.reported == Lines{"swap: half way", "swap ended, attempt 3, done"});
  CHECK(fixture.tasks.running() == 0);
}

TEST_CASE("A second start of a running step only changes the attempt") {
  Fixture fixture;
  REQUIRE(fixture.runner->start("swap", 3));
  REQUIRE(fixture.runner->start("swap", 0));
  REQUIRE(fixture.runner->start("swap", 4));
  fixture.finish_applies();
  CHECK(fixture.fakes[1]->applies == 1);
  CHECK(fixture.reported.back() == "swap ended, attempt 4, done");
}

TEST_CASE("A step under way is checked as running, and other steps go on") {
  Fixture fixture;
  fixture.fakes[1]->found = Error(Errc::io, "must not be asked");
  REQUIRE(fixture.runner->start("swap", 1));
  fixture.settle();
  CHECK(fixture.check("swap").value().state == StepState::running);
  CHECK(fixture.check("hostname").value().state == StepState::done);
}

TEST_CASE("The end of a run from before a restart is reported") {
  Fixture fixture;
  CheckResult running;
  running.state = StepState::running;
  fixture.fakes[0]->found = running;
  CHECK(fixture.check("hostname").value().state == StepState::running);
  fixture.finish_applies();
  CHECK(fixture.reported.back() == "hostname ended, attempt 0, done");
}

TEST_CASE("A step that does not exist is an error") {
  Fixture fixture;
  CHECK(fixture.runner->start("nonsense", 1).error().code() == Errc::not_found);
  CHECK(fixture.check("nonsense").error().code() == Errc::not_found);
  CHECK_FALSE(fixture.runner->knows("nonsense"));
}

TEST_CASE("A run without user-data fails with the reason") {
  Fixture fixture;
  fixture.has_user_data = false;
  REQUIRE(fixture.runner->start("swap", 1));
  fixture.settle();
  CHECK(fixture.fakes[1]->applies == 0);
  CHECK(fixture.reported == Lines{"swap ended, attempt 1, no user-data yet"});
}

TEST_CASE("The node is surveyed once, before the first change") {
  Fixture fixture;
  REQUIRE(fixture.runner->start("swap", 1));
  REQUIRE(fixture.runner->start("hostname", 1));
  fixture.finish_applies();
  CHECK(fixture.machine.context->before->surveyed().value());
  CHECK(fixture.fakes[0]->applies == 1);
  CHECK(fixture.fakes[1]->applies == 1);
}

TEST_CASE("A run that a shutdown cuts off reports no end") {
  Fixture fixture;
  REQUIRE(fixture.runner->start("swap", 1));
  fixture.settle();
  fixture.tasks.cancel();
  fixture.settle();
  CHECK(fixture.tasks.running() == 0);
  CHECK(fixture.reported == Lines{"swap: half way"});
}

}  // namespace kagent::noded
