#include "coordinator/ctl/client/exit_code.hpp"

#include <iostream>

namespace kagent::ctl {

ExitCode exit_code_of(Errc code) {
  switch (code) {
    case Errc::invalid_argument: return exit_usage;
    case Errc::unavailable:
    case Errc::cancelled: return exit_unreachable;
    case Errc::deadline_exceeded: return exit_timeout;
    case Errc::not_found: return exit_not_found;
    case Errc::permission_denied:
    case Errc::unauthenticated: return exit_denied;
    default: return exit_failed;
  }
}

ExitCode fail(const Error& error) {
  std::cerr << "kagentctl: " << error.message() << '\n';
  return exit_code_of(error.code());
}

}  // namespace kagent::ctl
