#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/text.hpp"
#include "coordinator/ctl/render/times.hpp"

#include <iostream>

namespace kagent::ctl {
namespace {

std::string moment(const google::protobuf::Timestamp& at, const char* never) {
  const auto time = render::time_of(at);
  return time ? render::date_time(*time) : never;
}

}  // namespace

ExitCode run_token_create(const Endpoint& endpoint, const TokenOptions& options) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  v1::CreateTokenRequest request;
  request.set_lifetime_seconds(static_cast<std::uint32_t>(options.lifetime.count()));
  request.set_role(options.role);
  if (options.uses) request.set_uses(*options.uses);
  const auto created = (*client)->create_token(request);
  if (!created) return fail(created.error());
  std::cout << created->user_data() << '\n';
  std::cerr << "token " << created->token().id() << ", until "
            << moment(created->token().expires_at(), "") << "; it is shown this once\n";
  return exit_ok;
}

ExitCode run_token_list(const Endpoint& endpoint) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto tokens = (*client)->list_tokens();
  if (!tokens) return fail(tokens.error());
  render::Table table({"ID", "ROLE", "USES LEFT", "EXPIRES", "MADE", "BY"});
  for (const v1::Token& token : tokens->tokens())
    table.row({{render::clean(token.id())},
               {render::clean(token.role())},
               {token.has_uses_left() ? std::to_string(token.uses_left()) : "any"},
               {moment(token.expires_at(), "never")},
               {moment(token.created_at(), "")},
               {render::clean(token.created_by())}});
  std::cout << table.text({});
  return exit_ok;
}

ExitCode run_token_revoke(const Endpoint& endpoint, const std::string& id) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  if (auto dropped = (*client)->drop_token(id); !dropped) return fail(dropped.error());
  std::cout << (id == "user-data" ? "`kagentctl user-data` prints another one; the old one is no "
                                    "longer taken\n"
                                  : id + " is no longer taken; the nodes that came with it stay\n");
  return exit_ok;
}

}  // namespace kagent::ctl
