#include "agent/common/base/version.hpp"

#include "coordinator/ctl/commands/commands.hpp"

#include <iostream>

namespace kagent::ctl {

ExitCode run_version() {
  std::cout << version_line("kagentctl") << "\n";
  return exit_ok;
}

}  // namespace kagent::ctl
