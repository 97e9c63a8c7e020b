#pragma once

#include <string_view>

// Checks of what a node reports about itself, before that goes into a path, a file or a record.
namespace kagent {

// The name of a Kubernetes Node: a lower-case RFC 1123 subdomain of at most 253 characters.
bool is_node_name(std::string_view name);
// IPv4 or IPv6 as inet_pton(3) accepts it: without zone, brackets or port.
bool is_ip_address(std::string_view address);

}  // namespace kagent
