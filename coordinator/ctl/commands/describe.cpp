#include "coordinator/ctl/render/describe.hpp"

#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/commands/format.hpp"
#include "coordinator/ctl/commands/node_argument.hpp"
#include "coordinator/ctl/render/document.hpp"
#include "coordinator/ctl/render/terminal.hpp"

#include <iostream>
#include <memory>

namespace kagent::ctl {
namespace {

constexpr char details[] =
    R"(This includes every step with its times, attempts and systemd unit, and each
failure with its cause, message, remedy and the journal lines of the run that
failed.)";

struct Options {
  std::string node;
  Format format = Format::table;
};

ExitCode run(const Endpoint& endpoint, const Options& options) {
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

}  // namespace

Command make_describe(const Endpoint& endpoint) {
  const auto options = std::make_shared<Options>();
  Command command("describe", "Show everything known about one node", details);
  add_node(command, options->node);
  add_format_option(command, options->format, false);
  command.run = [&endpoint, options] { return run(endpoint, *options); };
  return command;
}

}  // namespace kagent::ctl
