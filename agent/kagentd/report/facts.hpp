#pragma once

#include "kagent/v1/report.pb.h"

#include <cstdint>
#include <string>

namespace kagent::kagentd {

// What does not change while we run: machine, system, and what kagent-imds has found. What cannot
// be read stays empty; name and address, which may change, too.
v1::NodeFacts lasting_facts();

// The address that packets to `host` leave from, empty when there is no route. A name is not
// resolved, which could block: the default route stands in for it.
std::string address_towards(const std::string& host, std::uint16_t port);

}  // namespace kagent::kagentd
