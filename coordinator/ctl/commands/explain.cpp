#include "agent/common/failure/catalogue.hpp"

#include "coordinator/ctl/commands/commands.hpp"

#include <iomanip>
#include <iostream>
#include <memory>

namespace kagent::ctl {
namespace {

constexpr char details[] =
    R"(Every failure carries a cause such as join.token-expired. Without CAUSE the
command lists all causes. It needs no coordinator.)";

ExitCode run(const std::string& cause) {
  if (cause.empty()) {
    for (const KnownCause& each : catalogue)
      std::cout << std::left << std::setw(32) << each.id << ' ' << each.meaning << '\n';
    return exit_ok;
  }
  const KnownCause* known = find_cause(cause);
  if (known == nullptr)
    return fail(Error(Errc::not_found,
                      "there is no cause " + cause + "; `kagentctl explain` lists all causes"));
  std::cout << cause << '\n' << known->meaning << '\n' << known->remedy << '\n';
  return exit_ok;
}

}  // namespace

Command make_explain() {
  const auto cause = std::make_shared<std::string>();
  Command command("explain", "Explain the cause of a failure and its remedy", details);
  command.positional("CAUSE", into(*cause), "The cause, as `kagentctl describe` shows it");
  command.run = [cause] { return run(*cause); };
  return command;
}

}  // namespace kagent::ctl
