#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/text.hpp"

#include <iostream>

namespace kagent::ctl {
namespace {

ExitCode list(Client& client) {
  const auto claims = client.list_claims();
  if (!claims) return fail(claims.error());
  render::Table table({"NODE", "KEY", "FROM", "LAST ASKED", "WHY NOT"});
  for (const v1::Claim& claim : claims->claims())
    table.row({{render::clean(claim.node_id())},
               {render::clean(claim.key_sha256().substr(0, 16))},
               {render::clean(claim.address())},
               {std::to_string(claim.seconds_ago()) + "s ago"},
               {claim.rival() ? "the node is bound to another key" : "waits for approval"}});
  if (claims->claims().empty())
    std::cout << "nobody waits\n";
  else
    std::cout << table.text({});
  return exit_ok;
}

}  // namespace

ExitCode run_approve(const Endpoint& endpoint, const ApproveOptions& options) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  if (options.node.empty()) return list(**client);
  const auto key = (*client)->approve_node(options.node, options.key);
  if (!key) return fail(key.error());
  std::cout << options.node << " is bound to the key " << *key << " and may come in\n";
  return exit_ok;
}

ExitCode run_forget(const Endpoint& endpoint, const std::string& node, const std::string& key) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto forgotten = (*client)->forget_node(node, key);
  if (!forgotten) return fail(forgotten.error());
  std::cout << node << " is unbound from its key, which is barred; ";
  if (forgotten->key_sha256().empty())
    std::cout << "the next machine that may enrol as " << forgotten->node_id()
              << " is bound to it\n";
  else
    std::cout << "it is bound to the key " << forgotten->key_sha256() << ", which may come in\n";
  return exit_ok;
}

}  // namespace kagent::ctl
