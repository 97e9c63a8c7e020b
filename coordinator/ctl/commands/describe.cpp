#include "coordinator/ctl/render/describe.hpp"

#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/document.hpp"
#include "coordinator/ctl/render/terminal.hpp"

#include <iostream>

namespace kagent::ctl {

ExitCode run_describe(const Endpoint& endpoint, const DescribeOptions& options) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto node = (*client)->get_node(options.node);
  if (!node) return fail(node.error());
  switch (options.format) {
    case Format::json: std::cout << render::json(*node); break;
    case Format::yaml: std::cout << render::yaml(*node); break;
    default:
      std::cout << render::describe(*node, std::chrono::system_clock::now(), look_of_stdout());
  }
  return exit_ok;
}

}  // namespace kagent::ctl
