#pragma once

namespace kagent::ctl {

// Reads the arguments, runs the command, returns the exit code (exit_code.hpp).
int run(int argc, char** argv);

}  // namespace kagent::ctl
