#include "coordinator/ctl/render/certs.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/terminal.hpp"

#include <iostream>

namespace kagent::ctl {

ExitCode run_certs(const Endpoint& endpoint) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto answer = (*client)->list_certificates();
  if (!answer) return fail(answer.error());
  render::Look look = look_of_stdout();
  look.width = 0;  // a path that is cut is of no use
  std::cout << render::certificates(*answer, look);
  return exit_ok;
}

}  // namespace kagent::ctl
