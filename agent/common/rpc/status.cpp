#include "agent/common/rpc/status.hpp"

#include "agent/common/base/printable.hpp"

#include <grpcpp/support/status.h>

namespace kagent::rpc {
namespace {

Errc code_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE: return Errc::invalid_argument;
    case grpc::StatusCode::NOT_FOUND: return Errc::not_found;
    case grpc::StatusCode::ALREADY_EXISTS: return Errc::already_exists;
    case grpc::StatusCode::PERMISSION_DENIED: return Errc::permission_denied;
    case grpc::StatusCode::UNAUTHENTICATED: return Errc::unauthenticated;
    case grpc::StatusCode::FAILED_PRECONDITION: return Errc::failed_precondition;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::ABORTED: return Errc::unavailable;
    case grpc::StatusCode::DEADLINE_EXCEEDED: return Errc::deadline_exceeded;
    case grpc::StatusCode::CANCELLED: return Errc::cancelled;
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return Errc::resource_exhausted;
    case grpc::StatusCode::DATA_LOSS: return Errc::data_loss;
    case grpc::StatusCode::UNIMPLEMENTED: return Errc::protocol;
    default: return Errc::internal;
  }
}

}  // namespace

Error from_status(const grpc::Status& status) {
  return {code_of(status.error_code()), printable(status.error_message())};
}

}  // namespace kagent::rpc
