#include "coordinator/ctl/commands/node_argument.hpp"

namespace kagent::ctl {

void add_node(Command& command, std::string& node, const std::string& help) {
  Argument& argument = command.positional("NODE", into(node), help);
  argument.offer = Offer::nodes;
  argument.required = true;
}

}  // namespace kagent::ctl
