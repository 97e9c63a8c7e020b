#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/failure/failure.hpp"
#include "agent/noded/step/context.hpp"
#include "agent/noded/systemd/units.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
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
  // What apply would do, one sentence each. If the step is done: what is left to people.
  std::vector<std::string> changes;

  void need(std::string change);
  void leave(std::string what);
};

// How an apply ended.
struct Outcome {
  std::optional<Failure> failure;  // none: the step is done
  std::string unit;                // that ran last
  std::string invocation_id;

  [[nodiscard]] bool ok() const { return !failure; }
  [[nodiscard]] std::string cause() const { return failure ? failure->id.text() : ""; }
};

// One step of common/plan. A step has no state of its own: it reads the node each time.
class Step {
 public:
  virtual ~Step() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  // Says what apply would do, and changes nothing.
  virtual boost::asio::awaitable<Result<CheckResult>> check(ContextPtr context) = 0;
  // Does what check would find now. Idempotent: may be called in any state, also after an
  // interrupted apply.
  virtual boost::asio::awaitable<Outcome> apply(ContextPtr context) = 0;
};

}  // namespace kagent::noded
