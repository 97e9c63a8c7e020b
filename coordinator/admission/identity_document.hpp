#pragma once

#include "agent/common/base/error.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace kagent::attest {

// What EC2 says of an instance (AWS, "Instance identity documents").
struct IdentityDocument {
  std::string instance_id, account_id, region;
  std::string availability_zone, image_id, instance_type, private_ip;
  std::chrono::system_clock::time_point pending_time;  // of its launch
};

// `json`: only what a signature was verified over. The fields in the first line, and the time, must
// be there. Errors: invalid_argument.
Result<IdentityDocument> parse_identity_document(std::string_view json);

}  // namespace kagent::attest
