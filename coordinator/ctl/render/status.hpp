#pragma once

#include "coordinator/ctl/render/text.hpp"
#include "coordinator/ctl/render/times.hpp"
#include "kagent/v1/admin.pb.h"

#include <string>
#include <vector>

namespace kagent::ctl::render {

// The table of `kagentctl status`. A line below a node gives its reason. `now` is the coordinator's
// time, so that ages do not depend on this machine's clock.
std::string status_table(const std::vector<v1::Node>& nodes, Time now, bool wide, const Look& look);

// Counts by phase in one line: "3 nodes: 2 ready, 1 waiting".
std::string summary(const std::vector<v1::Node>& nodes);

// One change as a plain line, for logs: "09:25:00 node1 control-plane initializing init: REASON".
std::string change_line(const v1::Node& node, Time now);

}  // namespace kagent::ctl::render
