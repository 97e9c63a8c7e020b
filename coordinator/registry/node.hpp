#pragma once

#include "coordinator/registry/model.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace kagent::coordinator {

struct Node {
  NodeRecord record;
  std::optional<Report> report;  // the last one
  bool connected = false;
  bool lost = false;  // silent for Policy::lost_after
  std::chrono::steady_clock::time_point heard;
};

// The node's state of that step in its last report.
bool step_is(const Node& node, std::string_view step, StepState state);

// The name in Kubernetes, or the id while there is none.
const std::string& title(const Node& node);

}  // namespace kagent::coordinator
