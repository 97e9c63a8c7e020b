#pragma once

#include <boost/system/result.hpp>

#include <iosfwd>
#include <string>
#include <string_view>

namespace kagent {

// What went wrong, coarse enough to act on. Every value has one line of meaning.
enum class Errc {
  invalid_argument,     // the caller's or the operator's input is wrong; trying again will not help
  not_found,            // the named thing does not exist
  not_installed,        // a program is not on this machine; not_found to other programs
  already_exists,       // it exists and belongs to somebody else
  permission_denied,    // known, but not allowed
  unauthenticated,      // not known
  failed_precondition,  // right request, wrong time or state
  unavailable,          // nobody answers, or "come back later": worth trying again
  deadline_exceeded,    // no answer in time
  cancelled,            // we gave it up ourselves
  resource_exhausted,   // no disk space, memory or quota
  data_loss,            // stored data is damaged
  io,                   // the operating system said no
  protocol,             // the peer's answer makes no sense
  internal,             // a defect of ours
};

std::string_view to_string(Errc code);

// A value that gains context on its way up: `return error.context("reading " + path)`.
class Error {
 public:
  Error() = default;  // boost::system::result wants it
  Error(Errc code, std::string message) : code_(code), message_(std::move(message)) {}

  [[nodiscard]] Errc code() const { return code_; }
  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] Error context(std::string_view what) const;

  // The systemd unit whose journal says more; "" if there is none.
  [[nodiscard]] const std::string& unit() const { return unit_; }
  [[nodiscard]] Error in_unit(std::string unit) const;

 private:
  Errc code_ = Errc::internal;
  std::string message_;
  std::string unit_;
};

std::ostream& operator<<(std::ostream& out, const Error& error);

// An Error of code `io` (or not_found, resource_exhausted, permission_denied by errno).
Error errno_error(int error_number, std::string_view what);

template <class T = void>
using Result = boost::system::result<T, Error>;

// For .value() on an error: a defect of the caller, hence an exception.
[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

}  // namespace kagent
