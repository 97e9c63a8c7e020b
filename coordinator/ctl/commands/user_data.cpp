#include "coordinator/ctl/commands/commands.hpp"

#include <iostream>

namespace kagent::ctl {

ExitCode run_user_data(const Endpoint& endpoint, bool with_token) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto line = (*client)->user_data(with_token);
  if (!line) return fail(line.error());
  std::cout << *line << '\n';
  return exit_ok;
}

}  // namespace kagent::ctl
