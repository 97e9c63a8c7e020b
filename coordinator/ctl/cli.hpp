#pragma once

#include "coordinator/ctl/arguments/command.hpp"
#include "coordinator/ctl/client/client.hpp"

#include <string>
#include <vector>

namespace kagent::ctl {

// All commands. `endpoint` must outlive them.
Command program(Endpoint& endpoint);

ExitCode run(int argc, const char* const* argv);
// The same, without the program's name: {"logs", "node1"}.
ExitCode run(const std::vector<std::string>& arguments);

}  // namespace kagent::ctl
