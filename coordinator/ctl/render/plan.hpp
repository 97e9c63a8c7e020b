#pragma once

#include "coordinator/ctl/render/text.hpp"

#include <string>
#include <vector>

namespace kagent::ctl::render {

// A step as the method Plan of io.kagent.Node1 returns it.
struct PlannedStep {
  std::string name;
  std::string state;  // "done", "needed", "running", "blocked"
  std::vector<std::string> changes;
};

std::string plan(const std::vector<PlannedStep>& steps, const Look& look);

}  // namespace kagent::ctl::render
