#include "agent/kagentd/report/outlook.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent;
using namespace kagent::kagentd;
using namespace std::chrono_literals;

namespace {

const auto noon = std::chrono::system_clock::from_time_t(1'800'000'000);

v1::Welcome welcome_with(const std::string& ignored) {
  v1::Welcome welcome;
  welcome.mutable_coordinator_time()->set_seconds(1'800'000'000);
  if (!ignored.empty()) welcome.add_ignore_preflight_errors(ignored);
  return welcome;
}

std::vector<std::string> ids(const Outlook& outlook) {
  std::vector<std::string> found;
  for (const Failure& problem : outlook.problems()) found.push_back(problem.id.text());
  return found;
}

}  // namespace

TEST_CASE("F15 a clock that differs by more than half a minute is a problem until it is right") {
  Outlook outlook;
  outlook.welcome(welcome_with(""), noon + 29s);
  CHECK(outlook.problems().empty());
  outlook.welcome(welcome_with(""), noon - 3600s);
  REQUIRE(ids(outlook) == std::vector<std::string>{"preflight.clock-skew"});
  CHECK(outlook.problems()[0].message == "this node's clock is 3600 s behind the coordinator's");
  const auto before = outlook.problems();
  google::protobuf::Timestamp later;
  later.set_seconds(1'800'000'002);
  outlook.clock(later, noon - 3599s);
  CHECK(outlook.problems() == before);
  outlook.clock(later, noon + 2s);
  CHECK(outlook.problems().empty());
  outlook.welcome(welcome_with("clockskew"), noon - 3600s);
  CHECK(outlook.problems().empty());
}

TEST_CASE("a value that two nodes share is a problem, unless it is ignored by its name") {
  v1::Conflicts conflicts;
  auto& conflict = *conflicts.add_conflicts();
  conflict.set_kind("machine-id");
  conflict.set_value("0123");
  conflict.set_other("i-2");
  Outlook outlook;
  outlook.welcome(welcome_with(""), noon);
  outlook.conflicts(conflicts);
  CHECK(ids(outlook) == std::vector<std::string>{"preflight.duplicate-machine-id"});
  outlook.conflicts(v1::Conflicts());
  CHECK(outlook.problems().empty());
  outlook.welcome(welcome_with("DuplicateMachineID"), noon);
  outlook.conflicts(conflicts);
  CHECK(outlook.problems().empty());
}
