#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent::noded;

namespace {

ClockState clock_with(bool can_ntp, bool ntp) {
  ClockState state;
  state.can_ntp = can_ntp;
  state.ntp = ntp;
  return state;
}

}  // namespace

TEST_CASE("time: synchronisation is turned on once") {
  Machine machine;
  auto step = make_time();
  machine.units->clock_state = clock_with(true, false);
  CHECK(machine.check(*step) == std::vector<std::string>{"turn time synchronisation (NTP) on"});
  CHECK(machine.units->calls.empty());
  CHECK(machine.apply(*step).ok());
  CHECK(machine.units->calls == std::vector<std::string>{"ntp on"});
  CHECK(machine.check(*step).empty());
}

TEST_CASE("time: chrony is accepted even if timedated does not know it") {
  Machine machine;
  auto step = make_time();
  machine.units->clock_state = clock_with(false, false);
  machine.units->units["chronyd.service"] = {"loaded", "active", "running", "enabled", "", {}};
  CHECK(machine.check(*step).empty());
}

TEST_CASE("time: a node without a time service says so") {
  Machine machine;
  auto step = make_time();
  CHECK(machine.check(*step).size() == 1);
  CHECK(machine.apply(*step).cause() == "time.no-ntp-service");
}

TEST_CASE("time: synchronisation that cannot be turned on has a cause") {
  Machine machine;
  auto step = make_time();
  machine.units->clock_state = clock_with(true, false);
  machine.units->ntp_can_be_turned_on = false;
  const Outcome outcome = machine.apply(*step);
  CHECK(outcome.cause() == "time.not-enabled");
  CHECK(outcome.failure->message.find("NTP not supported") != std::string::npos);
}

TEST_CASE("time: a container uses its host's clock") {
  Machine machine;
  auto step = make_time();
  machine.write("/run/systemd/container", "systemd-nspawn\n");
  machine.units->clock_state = clock_with(true, false);
  CHECK(machine.check(*step).empty());
}
