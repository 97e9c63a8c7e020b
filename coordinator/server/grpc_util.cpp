#include "coordinator/server/grpc_util.hpp"

#include "agent/common/trust/pki.hpp"
#include "coordinator/admission/address.hpp"

#include <grpcpp/security/auth_context.h>

namespace kagent::coordinator {
namespace {

grpc::StatusCode code_of(Errc code) {
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
    case Errc::cancelled: return grpc::StatusCode::ABORTED;  // by us: CANCELLED is the caller's
    case Errc::resource_exhausted: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case Errc::data_loss: return grpc::StatusCode::DATA_LOSS;
    case Errc::io:
    case Errc::protocol:
    case Errc::internal: break;
  }
  return grpc::StatusCode::INTERNAL;
}

}  // namespace

grpc::Status to_status(const Error& error) {
  return {code_of(error.code()), error.message()};
}

Caller caller_of(const grpc::CallbackServerContext& context) {
  Caller caller;
  caller.address = context.peer();
  // The only Unix socket is the admin socket, whose mode says who may open it.
  caller.local = caller.address.starts_with("unix:");
  caller.ip = ip_of_peer(caller.address);
  const auto pem = context.auth_context()->FindPropertyValues("x509_pem_cert");
  if (pem.empty()) return caller;
  const auto certificate = pki::certificate_from_pem({pem.front().data(), pem.front().size()});
  if (!certificate) return caller;
  const auto subject = pki::subject_of(*certificate);
  const auto key = pki::spki_sha256(*certificate);
  if (!subject || !key) return caller;
  caller.organization = subject->organization;
  caller.common_name = subject->common_name;
  caller.key_sha256 = *key;
  if (const auto validity = pki::validity_of(*certificate)) caller.validity = *validity;
  return caller;
}

}  // namespace kagent::coordinator
