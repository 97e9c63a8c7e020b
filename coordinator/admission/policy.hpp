#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/admission/identity_document.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace kagent::attest {

// Which instances may enrol. An empty list allows any; `accounts` may not be empty.
struct Ec2Policy {
  std::vector<std::string> accounts, regions, images, instance_types;
  // Between the launch of an instance and its first enrolment.
  std::chrono::seconds max_age{3600};
  bool source_address = true;  // privateIp must be the caller's address
};

struct Claim {
  std::string node_id;
  std::string address;  // the caller's IP address
  std::chrono::system_clock::time_point now;
};

// Checks a first enrolment; later ones are checked by the key that the first one has bound. Errors:
// permission_denied; the message names the rule.
Result<> allow(const Ec2Policy& policy, const IdentityDocument& document, const Claim& claim);

}  // namespace kagent::attest
