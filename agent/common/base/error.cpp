#include "agent/common/base/error.hpp"

#include <boost/throw_exception.hpp>

#include <cerrno>
#include <ostream>
#include <stdexcept>
#include <system_error>

namespace kagent {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid_argument: return "invalid argument";
    case Errc::not_found: return "not found";
    case Errc::not_installed: return "not installed";
    case Errc::already_exists: return "already exists";
    case Errc::permission_denied: return "permission denied";
    case Errc::unauthenticated: return "unauthenticated";
    case Errc::failed_precondition: return "failed precondition";
    case Errc::unavailable: return "unavailable";
    case Errc::deadline_exceeded: return "deadline exceeded";
    case Errc::cancelled: return "cancelled";
    case Errc::resource_exhausted: return "resource exhausted";
    case Errc::data_loss: return "data loss";
    case Errc::io: return "I/O error";
    case Errc::protocol: return "protocol error";
    case Errc::internal: return "internal error";
  }
  return "unknown error";
}

Error Error::context(std::string_view what) const {
  Error error = *this;
  error.message_ = std::string(what) + ": " + message_;
  return error;
}

Error Error::in_unit(std::string unit) const {
  Error error = *this;
  error.unit_ = std::move(unit);
  return error;
}

std::ostream& operator<<(std::ostream& out, const Error& error) {
  return out << to_string(error.code()) << ": " << error.message();
}

Error errno_error(int error_number, std::string_view what) {
  const auto code = [&] {
    switch (error_number) {
      case ENOENT: return Errc::not_found;
      case EACCES:
      case EPERM: return Errc::permission_denied;
      case ENOSPC:
      case EDQUOT:
      case ENOMEM:
      case EMFILE: return Errc::resource_exhausted;
      case EEXIST: return Errc::already_exists;
      default: return Errc::io;
    }
  }();
  return {code, std::string(what) + ": " + std::generic_category().message(error_number)};
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  boost::throw_exception(
      std::logic_error("value() of an error: " + error.message() + " at " + where.to_string()),
      where);
}

}  // namespace kagent
