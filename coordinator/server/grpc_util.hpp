#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/admission/peer.hpp"

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

// For the gRPC services only: this header is dear.
namespace kagent::coordinator {

grpc::Status to_status(const Error& error);

// From the connection: the certificate that TLS has verified, if any.
Caller caller_of(const grpc::CallbackServerContext& context);

}  // namespace kagent::coordinator
