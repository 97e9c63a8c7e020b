#include "agent/common/rpc/status.hpp"

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

grpc::StatusCode status_code_of(Errc code) {
  switch (code) {
    case Errc::invalid_argument: return grpc::StatusCode::INVALID_ARGUMENT;
    case Errc::not_found:
    case Errc::not_installed: return grpc::StatusCode::NOT_FOUND;
    case Errc::already_exists: return grpc::StatusCode::ALREADY_EXISTS;
    case Errc::permission_denied: return grpc::StatusCode::PERMISSION_DENIED;
    case Errc::unauthenticated: return grpc::StatusCode::UNAUTHENTICATED;
    case Errc::failed_precondition: return grpc::StatusCode::FAILED_PRECONDITION;
    case Errc::unavailable: return grpc::StatusCode::UNAVAILABLE;
    case Errc::deadline_exceeded: return grpc::StatusCode::DEADLINE_EXCEEDED;
    case Errc::cancelled: return grpc::StatusCode::CANCELLED;
    case Errc::resource_exhausted: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case Errc::data_loss: return grpc::StatusCode::DATA_LOSS;
    case Errc::protocol: return grpc::StatusCode::UNIMPLEMENTED;
    case Errc::io:
    case Errc::internal: return grpc::StatusCode::INTERNAL;
  }
  return grpc::StatusCode::INTERNAL;
}

}  // namespace

Error from_status(const grpc::Status& status) {
  return {code_of(status.error_code()), status.error_message()};
}

grpc::Status to_status(const Error& error) {
  return {status_code_of(error.code()), error.message()};
}

}  // namespace kagent::rpc
