#pragma once

#include "coordinator/ctl/arguments/command.hpp"

namespace kagent::ctl {

// Reads the arguments by `program` and runs the command that they name. After --help the result is
// exit_ok; invalid arguments are explained on stderr and the result is exit_usage.
ExitCode parse_and_run(const Command& program, int argc, const char* const* argv);

}  // namespace kagent::ctl
