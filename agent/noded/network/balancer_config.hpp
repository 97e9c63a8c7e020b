#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::noded {

// Only servers of the form IP address and port may get into haproxy.cfg.
std::vector<std::string> usable_servers(std::vector<std::string> servers);

// haproxy.cfg: forwards 127.0.0.1:`port` to those `servers` ("HOST:PORT") that answer /readyz. TLS
// passes through unchanged. A server's name follows from its address, so that a reload does not
// change the other servers.
std::string balancer_config(std::uint16_t port, const std::vector<std::string>& servers);

// kagent-balancer.service: runs HAProxy with /etc/kagent/haproxy.cfg.
extern const std::string_view balancer_unit;

}  // namespace kagent::noded
