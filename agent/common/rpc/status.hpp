#pragma once

#include "agent/common/base/error.hpp"

namespace grpc {
class Status;
}

namespace kagent::rpc {

// A status code without a counterpart becomes `internal`.
Error from_status(const grpc::Status& status);

}  // namespace kagent::rpc
