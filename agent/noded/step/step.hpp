#pragma once

#include "agent/common/base/error.hpp"
#include "agent/noded/step/context.hpp"
#include "agent/noded/systemd/units.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::noded {

enum class StepState { done, needed, running, blocked };
std::string_view to_string(StepState state);

// The transient unit that runs a step's command: "kagent-init.service",
// "kagent-init-reset.service".
std::string unit_name(std::string_view step, std::string_view what = "");

struct CheckResult {
  StepState state = StepState::done;
  std::vector<std::string> changes;  // what apply would do, a sentence each; of a step that is
                                     // done: what is left to people

  void need(std::string change);
  void leave(std::string what);
};

// How an apply ended. `cause` is "" or a stable id, "<step>.<what>".
struct Outcome {
  std::string cause;
  std::string message;  // one sentence
  std::string remedy;   // what to do about it
  std::string unit;
  std::string invocation_id;
  std::vector<std::string> journal;  // last lines of that very run, oldest first

  [[nodiscard]] bool ok() const { return cause.empty(); }
};

// One step of agent/plan. Stateless: what it knows is on the node.
class Step {
 public:
  virtual ~Step() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  // Changes nothing.
  virtual boost::asio::awaitable<Result<CheckResult>> check(ContextPtr context) = 0;
  // Does what check found, and no more. Called with check's state `needed` or `running`.
  virtual boost::asio::awaitable<Outcome> apply(ContextPtr context) = 0;
};

}  // namespace kagent::noded
