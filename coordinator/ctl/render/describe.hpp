#pragma once

#include "coordinator/ctl/render/text.hpp"
#include "coordinator/ctl/render/times.hpp"
#include "kagent/v1/admin.pb.h"

#include <string>

namespace kagent::ctl::render {

// Everything known about one node: facts, every step, and each failure with its remedy and
// journal.
std::string describe(const v1::Node& node, Time now, const Look& look);

}  // namespace kagent::ctl::render
