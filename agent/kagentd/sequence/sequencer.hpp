#pragma once

#include "agent/kagentd/sequence/graph.hpp"
#include "agent/kagentd/sequence/step_machine.hpp"
#include "agent/kagentd/sequence/steps.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kagent::kagentd {

// The order of a node's steps as a pure state machine: no I/O, no clock. Events go in with the time
// they happened at, actions come out of take_actions().
class Sequencer {
 public:
  // Resumes from `records`. A step counts as done only once a check has said so.
  Sequencer(Graph graph, Records records, Time now);

  void checked(std::string_view step, std::uint64_t id, Check result,
               const std::vector<std::string>& changes, Time now);
  // The check could not be made. It is made again and costs no attempt, since it changes nothing.
  void check_failed(std::string_view step, std::uint64_t id, Failure why, Time now);
  void recorded(std::string_view step, unsigned attempt, Time now);
  // The journal could not be written: nothing is applied.
  void record_failed(std::string_view step, unsigned attempt, Failure why, Time now);
  // Nobody knows whether the apply has begun: a check tells.
  void apply_lost(std::string_view step, unsigned attempt, Time now);
  void finished(std::string_view step, Finish finish, Time now);

  void open(plan::Gate gate, Time now);
  void close(plan::Gate gate, Time now);
  // The node has another part, or another configuration: every step is checked again. With `fresh`,
  // steps that have failed get all their attempts back.
  void replace(Graph graph, bool fresh, Time now);
  // Tries at once, with all attempts, the steps that have failed or wait to be tried again.
  void retry(Time now);
  // noded was away: steps that seem to run are checked.
  void recheck_running(Time now);
  // The time of the last ArmTimer has come.
  void tick(Time now);

  void watch(Watch watch, Time now);
  // Something that this step has made has changed: if the step is done, it is looked at soon.
  void look(std::string_view step, Time now);

  std::vector<Action> take_actions() { return std::exchange(shared_.actions, {}); }

  [[nodiscard]] std::vector<StepView> steps() const;  // in the order of the graph
  [[nodiscard]] bool is_done(std::string_view step) const;
  [[nodiscard]] Records records() const;

 private:
  StepMachine* find(std::string_view name);
  [[nodiscard]] const StepMachine* find(std::string_view name) const;
  [[nodiscard]] bool is_ready(const StepMachine& step) const;
  void settle(Time now);

  std::vector<StepMachine> steps_;
  Shared shared_;
  std::optional<Time> armed_;
  Records others_;  // of steps that this graph does not have
};

}  // namespace kagent::kagentd
