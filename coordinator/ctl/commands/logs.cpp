#include "agent/common/plan/plan.hpp"

#include "agent/common/base/printable.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/commands/node_argument.hpp"
#include "coordinator/ctl/render/text.hpp"

#include <iostream>
#include <memory>

namespace kagent::ctl {
namespace {

constexpr char details[] =
    R"(The coordinator asks the node itself for the lines, so the node must be
connected.)";

struct Options {
  std::string node;
  std::string step;         // empty: every step
  std::uint32_t lines = 0;  // 0: the coordinator's default, 200
};

ExitCode run(const Endpoint& endpoint, const Options& options) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto lines = (*client)->get_logs(options.node, options.step, options.lines);
  if (!lines) return fail(lines.error());
  for (const std::string& line : *lines) std::cout << printable(line) << '\n';
  if (lines->empty())
    std::cerr << "kagentctl: " << options.node << " has no log lines"
              << (options.step.empty() ? "" : " of step " + options.step)
              << ": nothing has run there yet\n";
  return exit_ok;
}

}  // namespace

Command make_logs(const Endpoint& endpoint) {
  const auto options = std::make_shared<Options>();
  Command command("logs", "Print the journal lines of a node's steps", details);
  add_node(command, options->node);
  Argument& step =
      command.positional("STEP", into(options->step), "Name of a step (default: all steps)");
  for (const plan::Step& each : plan::all_steps()) step.value.words.emplace_back(each.name);
  command.option("-n,--lines", "N", into(options->lines),
                 "Print at most the last N lines (default: 200)");
  command.run = [&endpoint, options] { return run(endpoint, *options); };
  return command;
}

}  // namespace kagent::ctl
