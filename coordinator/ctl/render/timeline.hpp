#pragma once

#include "coordinator/ctl/render/text.hpp"
#include "coordinator/ctl/render/times.hpp"
#include "kagent/v1/admin.pb.h"

#include <string>
#include <vector>

namespace kagent::ctl::render {

// When each step of each node started and ended, as bars on one scale. Of a step that was tried
// again the last attempt is shown. Without look.width the bars have 50 columns.
std::string timeline(const std::vector<v1::Node>& nodes, Time now, const Look& look);

}  // namespace kagent::ctl::render
