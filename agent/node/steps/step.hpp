#pragma once

#include "agent/base/error.hpp"
#include "agent/node/context.hpp"
#include "agent/node/units.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::node {

enum class StepState { done, needed, running, blocked };
std::string_view to_string(StepState state);

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

std::unique_ptr<Step> make_preflight();
std::unique_ptr<Step> make_hostname();
std::unique_ptr<Step> make_hosts();
std::unique_ptr<Step> make_time();
std::unique_ptr<Step> make_swap();
std::unique_ptr<Step> make_modules();
std::unique_ptr<Step> make_sysctl();
std::unique_ptr<Step> make_packages();
std::unique_ptr<Step> make_runtime();
std::unique_ptr<Step> make_images();
std::unique_ptr<Step> make_kubelet();
std::unique_ptr<Step> make_balancer();
std::unique_ptr<Step> make_metadata();
std::unique_ptr<Step> make_init();
std::unique_ptr<Step> make_kubeconfig();
std::unique_ptr<Step> make_cni();
std::unique_ptr<Step> make_join();
std::unique_ptr<Step> make_ready();
std::unique_ptr<Step> make_reset();
std::unique_ptr<Step> make_reset_network();
std::unique_ptr<Step> make_reset_files();

// In the order of plan::all_steps(), then those of plan::reset_steps().
std::vector<std::unique_ptr<Step>> make_steps();

}  // namespace kagent::node
