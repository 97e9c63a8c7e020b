#pragma once

#include <string_view>

// Is it well formed? For what a node says of itself before it goes into a path, a file or a record.
namespace kagent {

// Of a Node in Kubernetes: an RFC 1123 subdomain in lower case, of at most 253 characters.
bool is_node_name(std::string_view name);
// IPv4 or IPv6 as inet_pton(3) takes it: without a zone, brackets or a port.
bool is_ip_address(std::string_view address);

}  // namespace kagent
