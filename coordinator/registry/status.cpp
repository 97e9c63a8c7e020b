// What is shown of a node: its phase, the step it is at, and why it is not further.
#include "coordinator/registry/registry.hpp"

#include <array>

namespace kagent::coordinator {
namespace {

const StepReport* first_in(const Report& report, StepState state) {
  for (const StepReport& step : report.steps)
    if (step.state == state) return &step;
  return nullptr;
}

// The most telling step: what has failed, is failing, is busy, waits; in this order.
const StepReport* current_step(const Report& report) {
  for (const StepState state : {StepState::failed, StepState::retrying, StepState::running,
                                StepState::waiting, StepState::checking, StepState::pending})
    if (const StepReport* step = first_in(report, state)) return step;
  return nullptr;
}

bool busy(const Report& report, std::string_view name) {
  const StepReport* step = report.step(name);
  return step != nullptr &&
         (step->state == StepState::running || step->state == StepState::retrying);
}

std::string failure_text(const StepReport& step) {
  std::string text = step.message.empty() ? "step " + step.name + " failed" : step.message;
  if (!step.remedy.empty()) text += "; " + step.remedy;
  if (step.state == StepState::retrying && step.attempts > 0)
    text += " (attempt " + std::to_string(step.attempts) + ", will be tried again)";
  return text;
}

std::string title(const Node& node) {
  return node.record.name.empty() ? node.record.id : node.record.name;
}

}  // namespace

std::string_view to_string(Phase phase) {
  static constexpr std::array<std::string_view, phase_count> names{
      "enrolled", "preparing", "initializing", "waiting", "joining", "starting",
      "ready",    "not-ready", "failed",       "lost",    "leaving", "reset"};
  return names.at(static_cast<std::size_t>(phase));
}

std::string Registry::waiting_reason(const Node& node, const StepReport& step) const {
  if (node.record.role == Role::none) return no_role_reason(node);
  if (step.name != "join")
    return step.detail.empty() ? "waits for the coordinator's assignment" : step.detail;
  if (!cluster_.initialized()) {
    const Node* holder = find(lease_.holder);
    if (holder == nullptr) return "waits for a control plane: none has come yet";
    return "waits for the control plane " + title(*holder) + " to initialise the cluster" +
           (holder->lost ? "; nothing is heard of it" : "");
  }
  if (std::string renamed = other_name_reason(node); !renamed.empty()) return renamed;
  if (!node.mint_problem.empty()) return node.mint_problem;
  if (node.mint) return "waits for its bootstrap token";
  if (node.grant && !node.grant->taken_up) return "its grant is on the way";
  if (reachable_control_plane(&node) == nullptr)
    return "waits for a join grant: no control plane is connected to the coordinator";
  return "waits for its join grant";
}

std::string Registry::no_role_reason(const Node& node) const {
  if (node.record.init_failed) return "its kubeadm init failed for good; another node does it";
  return "asks to be a control plane, but the cluster has its " +
         std::to_string(policy_.control_planes) + " (controlPlanes in the ClusterConfig)";
}

std::string Registry::leaving_reason(const Node& node) const {
  const LeaveRecord& leave = node.record.leave;
  const std::string order = leave.remove ? "is removed: " : "is reset: ";
  switch (leave.stage) {
    case LeaveStage::none: break;
    case LeaveStage::drain:
      if (!node.errand && !node.errand_problem.empty()) return order + node.errand_problem;
      if (!node.errand) return order + "waits for a control plane that can drain it";
      if (node.pods.empty()) return order + "a control plane drains it";
      return order + std::to_string(node.pods.size()) +
             " pod(s) to be evicted: " + node.pods.front();
    case LeaveStage::reset:
      return order + (node.connected ? "it undoes what kagent has done on it"
                                     : "it is not connected; the order is sent when it comes back");
    case LeaveStage::unregister:
      if (!node.errand_problem.empty()) return order + node.errand_problem;
      return order + "a control plane deletes its Node";
    case LeaveStage::left:
      return "has left the cluster; `kagentctl rejoin " + title(node) + "` lets it come back";
  }
  return {};
}

Status Registry::status(const Node& node) const {
  Status status;
  const StepReport* step = node.report ? current_step(*node.report) : nullptr;
  if (step != nullptr) status.step = step->name;
  if (step != nullptr && (step->state == StepState::failed || step->state == StepState::retrying))
    status.reason = failure_text(*step);
  else if (node.report)
    status.reason = node.report->obstacle;
  if (node.lost) {
    status.phase = Phase::lost;
    status.reason = "nothing is heard of it" +
                    (status.reason.empty() ? std::string() : "; before: " + status.reason);
    return status;
  }
  const LeaveRecord& leave = node.record.leave;
  if (leave.stage == LeaveStage::none && !leave.problem.empty() && status.reason.empty())
    status.reason = "was not drained: " + leave.problem;
  if (leave.stage != LeaveStage::none && (step == nullptr || step->state != StepState::failed)) {
    status.phase = leave.stage == LeaveStage::left ? Phase::reset : Phase::leaving;
    if (status.reason.empty()) status.reason = leaving_reason(node);
    return status;
  }
  if (!node.report) return status;
  if (step != nullptr && step->state == StepState::failed) {
    status.phase = Phase::failed;
    return status;
  }
  if (node.record.joined) {
    const KubernetesState* state = kubernetes(node);
    const bool ready = state != nullptr && state->ready;
    status.phase = ready                   ? Phase::ready
                   : node.record.was_ready ? Phase::not_ready
                                           : Phase::starting;
    if (!ready && status.reason.empty() && state != nullptr) status.reason = state->message;
    if (status.reason.empty()) status.reason = other_name_reason(node);
    if (status.reason.empty()) status.reason = stranger_reason(node);
    return status;
  }
  if (busy(*node.report, "init")) {
    status.phase = Phase::initializing;
  } else if (busy(*node.report, "join")) {
    status.phase = Phase::joining;
  } else if (step != nullptr && step->state == StepState::waiting) {
    status.phase = Phase::waiting;
    if (status.reason.empty()) status.reason = waiting_reason(node, *step);
  } else {
    status.phase = Phase::preparing;
  }
  return status;
}

}  // namespace kagent::coordinator
