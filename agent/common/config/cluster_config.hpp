#pragma once

#include "agent/common/base/error.hpp"
#include "kagent/v1/config.pb.h"

#include <string_view>

namespace kagent::config {

// Reads a ClusterConfig from YAML, fills in defaults and checks every field; the CIDRs do not
// overlap. An empty document gives the defaults. Errors: invalid_argument with one line for each
// problem: "SOURCE:LINE:COLUMN: FIELD: what was expected".
Result<v1::ClusterConfig> parse_cluster_config(std::string_view yaml, std::string_view source);

}  // namespace kagent::config
