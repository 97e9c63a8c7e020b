#pragma once

#include "agent/common/base/error.hpp"

namespace kagent::ctl {

// What kagentctl's exit status says; kagentctl(1) lists them.
enum ExitCode : int {
  exit_ok = 0,
  exit_failed = 1,       // anything that has no code of its own
  exit_usage = 2,        // wrong arguments, or a document that is not valid
  exit_unreachable = 3,  // the coordinator, or the node asked about, does not answer
  exit_timeout = 4,      // `wait`: the condition was not met in time
  exit_not_found = 5,    // no such node
  exit_denied = 6,       // not root, not in group kagent-admin, no admin certificate
};

ExitCode exit_code_of(Errc code);

// Prints the error on stderr, as all commands do.
ExitCode fail(const Error& error);

}  // namespace kagent::ctl
