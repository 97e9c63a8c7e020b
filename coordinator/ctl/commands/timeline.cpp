#include "coordinator/ctl/render/timeline.hpp"

#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/terminal.hpp"

#include <iostream>

namespace kagent::ctl {
namespace {

ExitCode run(const Endpoint& endpoint) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto listed = (*client)->list_nodes();
  if (!listed) return fail(listed.error());
  const std::vector<v1::Node> nodes(listed->nodes().begin(), listed->nodes().end());
  const auto now = render::time_of(listed->now());
  std::cout << render::timeline(nodes, now ? *now : std::chrono::system_clock::now(),
                                look_of_stdout());
  return exit_ok;
}

}  // namespace

Command make_timeline(const Endpoint& endpoint) {
  Command command("timeline", "Show when each step of each node started and ended",
                  "Draws the last attempt of each step as a bar. All bars share one time scale.");
  command.run = [&endpoint] { return run(endpoint); };
  return command;
}

}  // namespace kagent::ctl
