#include "coordinator/ctl/commands/commands.hpp"

#include <iostream>

namespace kagent::ctl {

ExitCode run_retry(const Endpoint& endpoint, const std::string& node) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto id = (*client)->retry_node(node);
  if (!id) return fail(id.error());
  std::cout << node << " tries again what has failed; `kagentctl describe " << node
            << "` shows how it goes\n";
  return exit_ok;
}

}  // namespace kagent::ctl
