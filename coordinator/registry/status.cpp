#include "coordinator/registry/status.hpp"

#include <array>
#include <utility>

namespace kagent::coordinator {
namespace {

const StepReport* first_in(const Report& report, StepState state) {
  for (const StepReport& step : report.steps)
    if (step.state == state) return &step;
  return nullptr;
}

// The first step that has failed; else that is retried, runs, waits, and so on.
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

}  // namespace

std::string_view to_string(Phase phase) {
  static constexpr std::array<std::string_view, phase_count> names{
      "enrolled", "preparing", "initializing", "waiting", "joining", "starting",
      "ready",    "not-ready", "failed",       "lost",    "leaving", "reset"};
  return names.at(static_cast<std::size_t>(phase));
}

StatusRules::StatusRules(const Policy& policy, const Nodes& nodes,
                         const ControlPlanes& control_planes, const Cluster& cluster,
                         const Names& names, const Grants& grants, const Leaving& leaving)
    : policy_(policy),
      nodes_(nodes),
      control_planes_(control_planes),
      cluster_(cluster),
      names_(names),
      grants_(grants),
      leaving_(leaving) {}

std::string StatusRules::waiting_reason(const Node& node, const StepReport& step) const {
  if (node.record.role == Role::none) return no_role_reason(node);
  if (step.name != "join")
    return step.detail.empty() ? "waits for the coordinator's assignment" : step.detail;
  if (!cluster_.initialized()) {
    const Node* holder = nodes_.find(cluster_.lease().holder);
    if (holder == nullptr) return "waits for a control plane: no node has that role yet";
    return "waits for the control plane " + title(*holder) + " to initialise the cluster" +
           (holder->lost ? "; nothing is heard of it" : "");
  }
  if (std::string renamed = names_.renamed(node); !renamed.empty()) return renamed;
  if (std::string reason = grants_.reason(node); !reason.empty()) return reason;
  if (control_planes_.reachable(&node) == nullptr)
    return "waits for a join grant: no control plane is connected to the coordinator";
  return "waits for its join grant";
}

std::string StatusRules::no_role_reason(const Node& node) const {
  if (node.record.init_failed)
    return "its kubeadm init failed for good, so another node initialises the cluster";
  return "asks to be a control plane, but there are " + std::to_string(policy_.control_planes) +
         " already (controlPlanes in the ClusterConfig)";
}

// Of a node that leaves, or has left.
Status StatusRules::leaving_status(const Node& node, Status status) const {
  status.phase = node.record.leave.stage == LeaveStage::left ? Phase::reset : Phase::leaving;
  if (status.reason.empty()) status.reason = leaving_.reason(node);
  return status;
}

Status StatusRules::joined_status(const Node& node, Status status) const {
  const KubernetesState* state = names_.kubernetes(node);
  if (state != nullptr && state->ready) {
    status.phase = Phase::ready;
  } else {
    status.phase = node.record.was_ready ? Phase::not_ready : Phase::starting;
    if (status.reason.empty() && state != nullptr) status.reason = state->message;
  }
  if (status.reason.empty()) status.reason = names_.renamed(node);
  if (status.reason.empty()) status.reason = names_.stranger(node);
  return status;
}

// Of a node that has not joined yet.
Status StatusRules::joining_status(const Node& node, const StepReport* step, Status status) const {
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

Status StatusRules::of(const Node& node) const {
  Status status;
  const StepReport* step = node.report ? current_step(*node.report) : nullptr;
  const bool failed = step != nullptr && step->state == StepState::failed;
  if (step != nullptr) status.step = step->name;
  if (failed || (step != nullptr && step->state == StepState::retrying))
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
  if (leave.stage != LeaveStage::none && !failed) return leaving_status(node, std::move(status));
  if (!node.report) return status;
  if (failed) {
    status.phase = Phase::failed;
    return status;
  }
  if (node.record.joined) return joined_status(node, std::move(status));
  return joining_status(node, step, std::move(status));
}

}  // namespace kagent::coordinator
