#pragma once

#include "agent/common/plan/plan.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace kagent::kagentd {

// A step as the sequencer sees it.
struct StepSpec {
  std::string name;
  plan::Gate gate = plan::Gate::none;
  std::vector<std::string> after;  // a name that the graph lacks counts as done
  unsigned attempts = 1;           // then it has failed
  std::chrono::seconds first_delay{1};
  std::chrono::seconds once_more_every{0};  // once it has failed; 0: never
  std::chrono::seconds time_limit{60};      // of one attempt
  plan::Drift drift = plan::Drift::ignore;
};

// Each step after those it needs.
using Graph = std::vector<StepSpec>;

// What this node is, once the coordinator has said so.
struct Part {
  plan::Role role = plan::Role::worker;
  bool init = false;

  bool operator==(const Part&) const = default;
};

// The plan of this node; without a part yet, the steps that every node has.
Graph graph_for(const std::optional<Part>& part);
// The steps that undo it.
Graph reset_graph();

}  // namespace kagent::kagentd
