#pragma once

#include "agent/common/failure/failure.hpp"

#include <string>
#include <vector>

namespace kagent::noded::packages {

// Why apt, dpkg, dnf or rpm failed, from what they print in the C locale and from their exit
// status. Causes: packages.locked, .disk-full, .signature, .repository-unreachable,
// .not-available, else .failed.
Failure why_failed(const std::vector<std::string>& output, int exit_status);

}  // namespace kagent::noded::packages
