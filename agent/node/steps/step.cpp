#include "agent/node/steps/step.hpp"

namespace kagent::node {

std::string_view to_string(StepState state) {
  switch (state) {
    case StepState::done: return "done";
    case StepState::needed: return "needed";
    case StepState::running: return "running";
    case StepState::blocked: return "blocked";
  }
  return "?";
}

void CheckResult::need(std::string change) {
  state = StepState::needed;
  changes.push_back(std::move(change));
}

void CheckResult::leave(std::string what) {
  changes.push_back(std::move(what));
}

std::vector<std::unique_ptr<Step>> make_steps() {
  std::vector<std::unique_ptr<Step>> steps;
  steps.push_back(make_preflight());
  steps.push_back(make_hostname());
  steps.push_back(make_hosts());
  steps.push_back(make_time());
  steps.push_back(make_swap());
  steps.push_back(make_modules());
  steps.push_back(make_sysctl());
  steps.push_back(make_packages());
  steps.push_back(make_runtime());
  steps.push_back(make_images());
  steps.push_back(make_kubelet());
  steps.push_back(make_balancer());
  steps.push_back(make_metadata());
  steps.push_back(make_init());
  steps.push_back(make_kubeconfig());
  steps.push_back(make_cni());
  steps.push_back(make_join());
  steps.push_back(make_ready());
  steps.push_back(make_reset());
  steps.push_back(make_reset_network());
  steps.push_back(make_reset_files());
  return steps;
}

}  // namespace kagent::node
