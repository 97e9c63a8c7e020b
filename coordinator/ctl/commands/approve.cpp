#include "agent/common/base/printable.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/text.hpp"

#include <iostream>
#include <memory>

namespace kagent::ctl {
namespace {

constexpr char details[] =
    R"(Where enrolment.attestation of the ClusterConfig is `approve`, each machine
waits for this command before it may enrol. If several machines claim the same
id, --key says which one is meant; each machine writes its own key to its
journal.

Without NODE the command lists recent claims that were not admitted: machines
that wait for approval, and machines that claim an id bound to another key.)";

struct Options {
  std::string node;
  std::string key;  // a prefix; empty: any key
};

ExitCode list(Client& client) {
  const auto claims = client.list_claims();
  if (!claims) return fail(claims.error());
  if (claims->claims().empty()) {
    std::cout << "no machine waits for approval\n";
    return exit_ok;
  }
  render::Table table({"NODE", "KEY", "ADDRESS", "LAST CLAIM", "REASON"});
  for (const v1::Claim& claim : claims->claims())
    table.row({{printable(claim.node_id())},
               {printable(claim.key_sha256().substr(0, 16))},
               {printable(claim.address())},
               {std::to_string(claim.seconds_ago()) + "s ago"},
               {claim.rival() ? "the node is bound to another key" : "waits for approval"}});
  std::cout << table.text({});
  return exit_ok;
}

ExitCode run(const Endpoint& endpoint, const Options& options) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  if (options.node.empty()) return list(**client);
  const auto key = (*client)->approve_node(options.node, options.key);
  if (!key) return fail(key.error());
  std::cout << options.node << " is approved and bound to key " << *key << '\n';
  return exit_ok;
}

}  // namespace

Command make_approve(const Endpoint& endpoint) {
  const auto options = std::make_shared<Options>();
  Command command("approve", "Let a waiting machine enrol, or list those that wait", details);
  command.positional("NODE", into(options->node), "Id of the node (default: list claims)");
  command.option("--key", "KEY", into(options->key),
                 "Key of the machine: its first 8 digits or more");
  command.run = [&endpoint, options] { return run(endpoint, *options); };
  return command;
}

}  // namespace kagent::ctl
