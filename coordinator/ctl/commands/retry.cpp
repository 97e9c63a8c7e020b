#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/commands/node_argument.hpp"

#include <iostream>
#include <memory>

namespace kagent::ctl {
namespace {

constexpr char details[] =
    R"(Use it after you have fixed what `kagentctl describe NODE` names. Without it
kagent retries a failed step every ten minutes. The command returns as soon as
the node has been told.)";

ExitCode run(const Endpoint& endpoint, const std::string& node) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto id = (*client)->retry_node(node);
  if (!id) return fail(id.error());
  std::cout << node << " retries its failed steps; `kagentctl describe " << node
            << "` shows the progress\n";
  return exit_ok;
}

}  // namespace

Command make_retry(const Endpoint& endpoint) {
  const auto node = std::make_shared<std::string>();
  Command command("retry", "Retry the failed steps of a node now", details);
  add_node(command, *node);
  command.run = [&endpoint, node] { return run(endpoint, *node); };
  return command;
}

}  // namespace kagent::ctl
