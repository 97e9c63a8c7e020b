#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/admission/peer.hpp"

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

// Include it only in gRPC services: this header is slow to compile.
namespace kagent::coordinator {

grpc::Status to_status(const Error& error);

// The caller's identity, from the certificate that TLS has verified, if any.
Caller caller_of(const grpc::CallbackServerContext& context);

}  // namespace kagent::coordinator
