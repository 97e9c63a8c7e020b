#include "agent/common/failure/catalogue.hpp"

#include "coordinator/ctl/commands/commands.hpp"

#include <iomanip>
#include <iostream>

namespace kagent::ctl {

ExitCode run_explain(const std::string& cause) {
  if (cause.empty()) {
    for (const KnownCause& each : catalogue)
      std::cout << std::left << std::setw(32) << each.id << ' ' << each.meaning << '\n';
    return exit_ok;
  }
  const KnownCause* known = find_cause(cause);
  if (known == nullptr) {
    std::cerr << "kagentctl: no cause is called " << cause << "; `kagentctl explain` lists them\n";
    return exit_not_found;
  }
  std::cout << cause << '\n' << known->meaning << '\n' << known->remedy << '\n';
  return exit_ok;
}

}  // namespace kagent::ctl
