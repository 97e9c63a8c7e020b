#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/text.hpp"

#include <iostream>

namespace kagent::ctl {

ExitCode run_logs(const Endpoint& endpoint, const LogsOptions& options) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto lines = (*client)->get_logs(options.node, options.step, options.lines);
  if (!lines) return fail(lines.error());
  for (const std::string& line : *lines) std::cout << render::clean(line) << '\n';
  if (lines->empty())
    std::cerr << "kagentctl: no log lines"
              << (options.step.empty() ? "" : " of step " + options.step) << " on " << options.node
              << ": nothing has run there yet\n";
  return exit_ok;
}

}  // namespace kagent::ctl
