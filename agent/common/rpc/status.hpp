#pragma once

#include "agent/common/base/error.hpp"

namespace grpc {
class Status;
}

namespace kagent::rpc {

// The same words on both sides of the wire. A status without a counterpart is `internal`.
Error from_status(const grpc::Status& status);
grpc::Status to_status(const Error& error);

}  // namespace kagent::rpc
