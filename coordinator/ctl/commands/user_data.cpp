#include "coordinator/ctl/commands/commands.hpp"

#include <iostream>
#include <memory>

namespace kagent::ctl {
namespace {

constexpr char details[] =
    R"(Launch instances with this line as their user-data. The enrolment token in it
is a secret while it is valid: `kagentctl token revoke user-data` replaces it.)";

ExitCode run(const Endpoint& endpoint, bool with_token) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto line = (*client)->user_data(with_token);
  if (!line) return fail(line.error());
  std::cout << *line << '\n';
  return exit_ok;
}

}  // namespace

Command make_user_data(const Endpoint& endpoint) {
  const auto no_token = std::make_shared<bool>(false);
  Command command("user-data", "Print the user-data line for new nodes", details);
  command.flag("--no-token", *no_token, "Leave out the enrolment token, which is a secret");
  command.run = [&endpoint, no_token] { return run(endpoint, !*no_token); };
  return command;
}

}  // namespace kagent::ctl
