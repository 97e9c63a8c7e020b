#pragma once

#include "agent/common/base/error.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace kagent::attest {

// An EC2 instance identity document (AWS, "Instance identity documents").
struct IdentityDocument {
  std::string instance_id, account_id, region;
  std::string availability_zone, image_id, instance_type, private_ip;
  std::chrono::system_clock::time_point pending_time;  // when the instance was launched
};

// `json`: exactly the bytes whose signature was verified. instanceId, accountId, region and
// pendingTime are required. Errors: invalid_argument.
Result<IdentityDocument> parse_identity_document(std::string_view json);

}  // namespace kagent::attest
