#pragma once

#include "agent/base/error.hpp"

#include <cstdint>
#include <string>

namespace kagent::coordinator {

// The first address of this machine that others may reach: IPv4 before IPv6, no loopback, no
// link-local. Errors: not_found.
Result<std::string> first_address();

std::string host_port(const std::string& host, std::uint16_t port);  // brackets round IPv6

}  // namespace kagent::coordinator
