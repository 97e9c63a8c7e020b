#pragma once

#include "coordinator/ctl/arguments/command.hpp"

namespace kagent::ctl {

// Adds the positional NODE, which must be given.
void add_node(Command& command, std::string& node,
              const std::string& help = "Name or id of a node");

}  // namespace kagent::ctl
