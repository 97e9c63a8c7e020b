#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/admission/identity_document.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace kagent::attest {

// Whose instances are ours. An empty list allows any; `accounts` may not be empty.
struct Ec2Policy {
  std::vector<std::string> accounts, regions, images, instance_types;
  // From its launch to its first enrolment.
  std::chrono::seconds max_age{3600};
  bool source_address = true;  // privateIp is where the call comes from
};

struct Claim {
  std::string node_id;
  std::string address;  // an IP address, where it comes from
  std::chrono::system_clock::time_point now;
};

// For the first enrolment; later on the key that was bound then counts. Errors: permission_denied
// with the rule that says no.
Result<> allow(const Ec2Policy& policy, const IdentityDocument& document, const Claim& claim);

}  // namespace kagent::attest
