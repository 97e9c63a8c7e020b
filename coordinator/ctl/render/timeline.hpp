#pragma once

#include "coordinator/ctl/render/text.hpp"
#include "coordinator/ctl/render/times.hpp"
#include "kagent/v1/admin.pb.h"

#include <string>
#include <vector>

namespace kagent::ctl::render {

// When each step of each node started and ended, as bars on one time scale. A step that was retried
// is shown with its last attempt. Without look.width the bars have 50 columns.
std::string timeline(const std::vector<v1::Node>& nodes, Time now, const Look& look);

}  // namespace kagent::ctl::render
