#pragma once

#include "agent/common/base/error.hpp"

#include <span>

namespace kagent::ctl {

// Scripts compare with these numbers: they never change their meaning.
enum ExitCode : int {
  exit_ok = 0,
  exit_failed = 1,  // anything without a code of its own
  exit_usage = 2,
  exit_unreachable = 3,
  exit_timeout = 4,
  exit_not_found = 5,
  exit_denied = 6,
};

struct ExitMeaning {
  ExitCode code;
  const char* meaning;
};
// All of them in order, for --help and the man page.
std::span<const ExitMeaning> exit_meanings();

ExitCode exit_code_of(Errc code);

// Prints the error on stderr, prefixed with the program's name.
ExitCode fail(const Error& error);

}  // namespace kagent::ctl
