#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::noded {

// Those that are an IP address and a port: nothing else gets into haproxy.cfg.
std::vector<std::string> usable_servers(std::vector<std::string> servers);

// haproxy.cfg: from 127.0.0.1:`port` to those of `servers` ("HOST:PORT") that answer /readyz. TLS
// goes through unopened. Each server has a name of its own address, so that a reload changes no
// other.
std::string balancer_config(std::uint16_t port, const std::vector<std::string>& servers);

// kagent-balancer.service, which runs HAProxy with /etc/kagent/haproxy.cfg.
extern const std::string_view balancer_unit;

}  // namespace kagent::noded
