#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/commands/node_argument.hpp"

#include <iostream>
#include <memory>

namespace kagent::ctl {
namespace {

ExitCode run(const Endpoint& endpoint, const std::string& node) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto id = (*client)->rejoin_node(node);
  if (!id) return fail(id.error());
  std::cout << node << " may rejoin; `kagentctl status` shows the progress\n";
  return exit_ok;
}

}  // namespace

Command make_rejoin(const Endpoint& endpoint) {
  const auto node = std::make_shared<std::string>();
  Command command("rejoin", "Let a node rejoin that was reset or removed");
  add_node(command, *node, "Name or id of a node; for a removed node its id");
  command.run = [&endpoint, node] { return run(endpoint, *node); };
  return command;
}

}  // namespace kagent::ctl
