#pragma once

#include "agent/common/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace kagent::coordinator {

// The first address of this machine that others can reach: IPv4 before IPv6, no loopback or
// link-local address. Errors: not_found.
Result<std::string> first_address();

// "10.0.0.5" of gRPC's "ipv4:10.0.0.5:1234", "::1" of "ipv6:%5B::1%5D:1234"; empty for all else.
std::string ip_of_peer(std::string_view peer);

// "ADDRESS PORT": the same key for an accepted socket and for gRPC's name of the peer. Without the
// IPv6 zone, which gRPC formats differently.
std::string connection_key(const std::string& ip, std::uint16_t port);
std::string connection_key(const std::string& peer);

// kubeadm's default; a cluster with another port sets controlPlaneEndpoint.
inline constexpr std::uint16_t api_server_port = 6443;

std::string host_port(const std::string& host, std::uint16_t port);  // brackets round IPv6

}  // namespace kagent::coordinator
