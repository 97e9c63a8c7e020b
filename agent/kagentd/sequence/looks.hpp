#pragma once

#include "agent/kagentd/sequence/steps.hpp"

#include <optional>
#include <vector>

namespace kagent::kagentd {

// When one step is looked at, which is to check it while it stays done or failed; and how often it
// was repaired.
class Looks {
 public:
  // The step has entered another state.
  void restart();
  // Unless a look is under way or due.
  void schedule(Time at);
  // Something that the step has made has changed. A step without a look that is due is not
  // hastened.
  void hasten(Time now);
  void look_at(Time at) { due_ = at; }
  void cancel() { due_.reset(); }
  void begin();
  void end() { under_way_ = false; }

  [[nodiscard]] bool under_way() const { return under_way_; }
  [[nodiscard]] const std::optional<Time>& due() const { return due_; }

  // Counts a repair. False: the step was repaired too often of late.
  bool repair(Time now);
  void forget_repairs() { repairs_.clear(); }
  // The step has failed for that reason: before restart() it is looked at, but not tried again.
  void give_up_repairs() { repairs_given_up_ = true; }
  [[nodiscard]] bool repairs_given_up() const { return repairs_given_up_; }

 private:
  std::optional<Time> due_;
  bool under_way_ = false;
  std::vector<Time> repairs_;  // of late
  bool repairs_given_up_ = false;
};

// Why a step is not repaired any more. `changes`: what a repair would do.
Failure undone_again(const std::string& step, const std::string& changes);

}  // namespace kagent::kagentd
