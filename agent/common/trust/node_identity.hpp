#pragma once

#include "agent/common/base/error.hpp"

#include <string>

namespace kagent {

// The id of this node in certificates and envelopes: the EC2 instance id that kagent-imds wrote, or
// "node-" and 16 hexadecimal digits of sd_id128_get_machine_app_specific(). Errors: not_found when
// /etc/machine-id is missing or "uninitialized".
Result<std::string> node_id();

Result<std::string> app_specific_machine_id();  // 32 hexadecimal digits
Result<std::string> boot_id();                  // 32 hexadecimal digits

// SHA-256 of the firmware's product UUID, its first 32 hexadecimal digits; only root may read it.
// Empty if the machine has none of its own.
std::string product_uuid();

// The hostname in lower case, as kubelet registers the node. Read at each call.
std::string node_name();

}  // namespace kagent
