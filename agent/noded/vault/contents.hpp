#pragma once

#include "agent/common/base/error.hpp"

namespace kagent::v1 {
class EnvelopePayload;
}

namespace kagent::noded {

// The coordinator's signature says who ordered, not that the order is well formed: parts of it come
// from other nodes, one of which may have been taken over. Every text of an order must have the
// shape of what it is (agent/common/values) before the vault keeps it. Errors: invalid_argument,
// which names the field.
Result<> check_contents(const v1::EnvelopePayload& payload);

}  // namespace kagent::noded
