#pragma once

#include "coordinator/ctl/render/text.hpp"

#include <string>
#include <vector>

namespace kagent::ctl::render {

// As Plan of io.kagent.Node1 gives it.
struct PlannedStep {
  std::string name;
  std::string state;  // "done", "needed", "running", "blocked"
  std::vector<std::string> changes;
};

std::string plan(const std::vector<PlannedStep>& steps, const Look& look);

}  // namespace kagent::ctl::render
