#include "agent/common/base/version.hpp"

#include "coordinator/ctl/commands/commands.hpp"

#include <iostream>

namespace kagent::ctl {

Command make_version() {
  Command command("version", "Print the version of kagentctl");
  command.run = [] {
    std::cout << version_line("kagentctl") << "\n";
    return exit_ok;
  };
  return command;
}

}  // namespace kagent::ctl
