#pragma once

#include "agent/common/plan/plan.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace kagent::kagentd {

// What steps wait for from outside, and whether it is there.
class Gates {
 public:
  void open(plan::Gate gate) { at(gate) = State::open; }
  void close(plan::Gate gate) { at(gate) = State::closed; }
  // The join grant may be there from before this process began: a check tells.
  [[nodiscard]] bool may_be_open(plan::Gate gate) const { return at(gate) != State::closed; }
  // A check has found nothing missing. False: the gate is closed all the same.
  bool confirm(plan::Gate gate) {
    if (at(gate) == State::unknown) at(gate) = State::open;
    return at(gate) == State::open;
  }

 private:
  enum class State : std::uint8_t { unknown, closed, open };
  State& at(plan::Gate gate) { return states_[static_cast<std::size_t>(gate)]; }
  [[nodiscard]] const State& at(plan::Gate gate) const {
    return states_[static_cast<std::size_t>(gate)];
  }

  // In the order of plan::Gate.
  std::array<State, 4> states_{State::open, State::closed, State::closed, State::unknown};
};

// What a step behind this gate waits for, for people.
std::string waiting_for(plan::Gate gate);

}  // namespace kagent::kagentd
