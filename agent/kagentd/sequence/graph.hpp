#pragma once

#include "agent/common/plan/plan.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace kagent::kagentd {

// One step of the plan, as the sequencer needs it.
struct StepSpec {
  std::string name;
  plan::Gate gate = plan::Gate::none;
  std::vector<std::string> after;  // names; a step that the graph does not have counts as done
  unsigned attempts = 1;           // then it has failed
  std::chrono::seconds first_delay{1};
  std::chrono::seconds once_more_every{0};  // once it has failed; 0: never
  std::chrono::seconds time_limit{60};      // of one attempt
  plan::Drift drift = plan::Drift::ignore;
};

// In an order in which each step comes after those that it needs.
using Graph = std::vector<StepSpec>;

// The part in the cluster that the coordinator has given to this node.
struct Part {
  plan::Role role = plan::Role::worker;
  bool init = false;

  bool operator==(const Part&) const = default;
};

// The plan of this node; without a part, the steps that every node has.
Graph graph_for(const std::optional<Part>& part);
// The steps of a reset.
Graph reset_graph();

}  // namespace kagent::kagentd
