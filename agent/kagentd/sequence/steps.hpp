#pragma once

#include "agent/common/failure/failure.hpp"
#include "agent/kagentd/sequence/graph.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// A step as the sequencer keeps it, the events that change it and the actions it asks for.
namespace kagent::kagentd {

using Time = std::chrono::steady_clock::time_point;

enum class State : std::uint8_t {
  pending,  // waits for other steps, or for its turn to be checked
  waiting,  // waits for something from outside: its gate
  checking,
  recording,  // its attempt is being saved
  running,
  retrying,  // failed; tried again when it is due
  failed,    // given up, but still looked at, and tried once more every ten minutes
  done,
};

// The part of a step that outlives a restart. `spent` counts against the step's attempts; an
// attempt with a grant that had expired is not spent.
struct StepRecord {
  unsigned attempts = 0;
  unsigned spent = 0;
  std::optional<Failure> failure;  // of the last attempt that failed

  bool operator==(const StepRecord&) const = default;
};
using Records = std::map<std::string, StepRecord, std::less<>>;

enum class Check : std::uint8_t {
  done,
  needed,
  running,  // an earlier apply is still at work; its end will be signalled
  blocked,  // an envelope is missing
};

struct StepView {
  std::string name;
  State state = State::pending;
  StepRecord record;
  std::string detail;  // what it waits for, or what apply changes
  std::string unit;    // systemd unit of the last attempt, if it is known
  std::string invocation_id;
  std::optional<Time> due;  // when retrying or failed: of the next attempt
  std::string drift;        // of a step that is done: what apply would change, or leaves to people
};

// What kagentd does about drift, and how often kagentd looks for drift.
struct Watch {
  std::map<std::string, plan::Drift, std::less<>> steps;  // others as the plan says
  std::chrono::seconds every{300};

  bool operator==(const Watch&) const = default;
};

struct CheckStep {
  std::string step;
  std::uint64_t id = 0;  // comes back with the answer
};
// Save the attempt, then call recorded(). Nothing is applied before.
struct Record {
  std::string step;
  unsigned attempt = 0;
};
struct ApplyStep {
  std::string step;
  unsigned attempt = 0;
};
// Call tick() at that time. It replaces the ArmTimer before it.
struct ArmTimer {
  Time at;
};
// Something that is shown or saved has changed.
struct Report {};
using Action = std::variant<CheckStep, Record, ApplyStep, ArmTimer, Report>;

// How a step's run ended.
struct Finish {
  unsigned attempt = 0;            // 0: not known
  std::optional<Failure> failure;  // nothing: it went well
  std::string unit, invocation_id;
};

}  // namespace kagent::kagentd
