#pragma once

#include "agent/common/base/error.hpp"
#include "kagent/v1/config.pb.h"

#include <string_view>

namespace kagent::config {

// ClusterConfig in YAML, defaults filled in, every field valid, CIDRs not overlapping. An empty
// document is all defaults. Errors: invalid_argument "SOURCE:LINE:COLUMN: FIELD: what was
// expected", all problems found, a line each.
Result<v1::ClusterConfig> parse_cluster_config(std::string_view yaml, std::string_view source);

}  // namespace kagent::config
