#pragma once

#include "kagent/v1/report.pb.h"

#include <cstdint>
#include <string>

namespace kagent::kagentd {

// The facts that do not change while kagentd runs: machine, system, and the answers of kagent-imds.
// A fact that cannot be read stays empty. Name and address are not set, since they may change.
v1::NodeFacts lasting_facts();

// The source address of packets to `host`; empty if there is no route. A host name is not resolved,
// since that could block: the default route is taken for it.
std::string address_towards(const std::string& host, std::uint16_t port);

}  // namespace kagent::kagentd
