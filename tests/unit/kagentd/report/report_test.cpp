#include "agent/kagentd/report/report.hpp"
#include "agent/kagentd/untold.hpp"
#include "agent/kagentd/watch/unit_watch.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent;
using namespace kagent::kagentd;
using namespace std::chrono_literals;

TEST_CASE("Untold keeps the last 256 messages in their order") {
  Untold untold;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    v1::AgentMessage message;
    message.mutable_heartbeat()->set_sequence(i);
    untold.keep(std::move(message));
  }
  const auto kept = untold.take();
  REQUIRE(kept.size() == 256);
  CHECK(kept.front().heartbeat().sequence() == 744);
  CHECK(kept.back().heartbeat().sequence() == 999);
  CHECK(untold.take().empty());
}

TEST_CASE("Any output of a program fits into a report") {
  CHECK(wire_text("plain") == "plain");
  CHECK(wire_text("d\xc3\xa9j\xc3\xa0 vu \xe6\x97\xa5") == "d\xc3\xa9j\xc3\xa0 vu \xe6\x97\xa5");
  CHECK(wire_text("a\xff"
                  "b\xc3") == "a?b?");
  CHECK(wire_text("\x1b[31mred\t!") == " [31mred !");
  CHECK(wire_text(std::string(10'000, 'x')).size() == 500);
}

TEST_CASE("A report gives the time of a retry on the wall clock") {
  StepView view;
  view.name = "init";
  view.state = State::retrying;
  view.due = Time(100s);
  const Moment now{Time(40s), std::chrono::system_clock::time_point(1'000'000s)};
  const auto statuses = step_statuses({view}, {}, now);
  REQUIRE(statuses.size() == 1);
  CHECK(statuses.front().state() == v1::STEP_STATE_RETRYING);
  CHECK(statuses.front().next_attempt_at().seconds() == 1'000'060);
}

TEST_CASE("A failure contains the last lines of its run") {
  StepView view;
  view.name = "init";
  view.state = State::failed;
  Failure cause(CauseId::received("init.timeout"), "it took too long", "wait");
  for (int i = 0; i < 100; ++i) cause.journal.push_back(std::to_string(i));
  view.record.failure = cause;
  const auto failure = step_statuses({view}, {}, {}).front().failure();
  CHECK(failure.cause() == "init.timeout");
  REQUIRE(failure.journal_size() == 40);
  CHECK(failure.journal(39) == "99");
}

TEST_CASE("A kubelet that restarts before it is configured is waiting; later it has failed") {
  const UnitState restarting{"loaded", "activating", "auto-restart"};
  CHECK(health_of(restarting, false) == v1::UNIT_HEALTH_WAITING);
  CHECK(health_of(restarting, true) == v1::UNIT_HEALTH_FAILED);
  CHECK(health_of({"loaded", "active", "running"}, true) == v1::UNIT_HEALTH_ACTIVE);
  CHECK(health_of({"loaded", "inactive", "dead"}, true) == v1::UNIT_HEALTH_STOPPED);
  CHECK(health_of({"masked", "inactive", "dead"}, true) == v1::UNIT_HEALTH_MASKED);
  CHECK(health_of({"not-found", "inactive", "dead"}, false) == v1::UNIT_HEALTH_MISSING);
  CHECK(health_of({}, true) == v1::UNIT_HEALTH_UNSPECIFIED);
}
