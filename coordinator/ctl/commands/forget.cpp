#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/commands/node_argument.hpp"

#include <iostream>
#include <memory>

namespace kagent::ctl {
namespace {

constexpr char details[] =
    R"(Use it when a machine has lost its key, or when another machine claimed the id
first. The node's session ends and its old key is barred for good. The next
machine that enrols under this id is bound to it. With --key the id is bound at
once to one of the machines that `kagentctl approve` lists. A token for another
role than the node's does not admit a machine under this id.)";

struct Options {
  std::string node;
  std::string key;  // a prefix; empty: the next machine that enrols
};

ExitCode run(const Endpoint& endpoint, const Options& options) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto forgotten = (*client)->forget_node(options.node, options.key);
  if (!forgotten) return fail(forgotten.error());
  std::cout << options.node << " is unbound from its key, and that key is barred; ";
  if (forgotten->key_sha256().empty())
    std::cout << "the next machine that enrols as " << forgotten->node_id() << " takes its place\n";
  else
    std::cout << "it is now bound to key " << forgotten->key_sha256() << '\n';
  return exit_ok;
}

}  // namespace

Command make_forget(const Endpoint& endpoint) {
  const auto options = std::make_shared<Options>();
  Command command("forget", "Unbind a node from its key, which was lost or stolen", details);
  add_node(command, options->node);
  command.option("--key", "KEY", into(options->key),
                 "Key of the machine that takes its place: the first 8 digits or more");
  command.run = [&endpoint, options] { return run(endpoint, *options); };
  return command;
}

}  // namespace kagent::ctl
