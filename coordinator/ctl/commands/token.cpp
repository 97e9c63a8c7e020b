#include "agent/common/base/printable.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/text.hpp"
#include "coordinator/ctl/render/times.hpp"

#include <iostream>
#include <memory>

namespace kagent::ctl {
namespace {

constexpr char create_details[] =
    R"(The token is valid for TIME and for N nodes. With --role all of its nodes get
that role, whatever their user-data asks for.

The token is shown only once; the coordinator keeps a hash of it. Nodes that
enrolled with a token stay when it expires.)";

constexpr char revoke_details[] =
    R"(No further node can enrol with it. Nodes that enrolled with it stay. The
token of `kagentctl user-data` has the id user-data; when it is revoked, a new
one replaces it.)";

struct CreateOptions {
  std::chrono::seconds lifetime{std::chrono::hours(24)};
  std::optional<std::uint64_t> uses;  // unset: any number
  std::string role;                   // empty: as the nodes ask for
};

std::string moment(const google::protobuf::Timestamp& at, const char* never) {
  const auto time = render::time_of(at);
  return time ? render::date_time(*time) : never;
}

ExitCode create(const Endpoint& endpoint, const CreateOptions& options) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  v1::CreateTokenRequest request;
  request.set_lifetime_seconds(static_cast<std::uint32_t>(options.lifetime.count()));
  request.set_role(options.role);
  if (options.uses) request.set_uses(*options.uses);
  const auto created = (*client)->create_token(request);
  if (!created) return fail(created.error());
  std::cout << created->user_data() << '\n';
  std::cerr << "token " << created->token().id() << ", valid until "
            << moment(created->token().expires_at(), "") << ", is shown only once\n";
  return exit_ok;
}

ExitCode list(const Endpoint& endpoint) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto tokens = (*client)->list_tokens();
  if (!tokens) return fail(tokens.error());
  render::Table table({"ID", "ROLE", "USES LEFT", "EXPIRES", "CREATED", "BY"});
  for (const v1::Token& token : tokens->tokens())
    table.row({{printable(token.id())},
               {printable(token.role())},
               {token.has_uses_left() ? std::to_string(token.uses_left()) : "any"},
               {moment(token.expires_at(), "never")},
               {moment(token.created_at(), "")},
               {printable(token.created_by())}});
  std::cout << table.text({});
  return exit_ok;
}

ExitCode revoke(const Endpoint& endpoint, const std::string& id) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  if (auto dropped = (*client)->drop_token(id); !dropped) return fail(dropped.error());
  std::cout << (id == "user-data"
                    ? "the old token is revoked; `kagentctl user-data` prints the new "
                      "one\n"
                    : id + " is revoked; the nodes that enrolled with it stay\n");
  return exit_ok;
}

Command make_create(const Endpoint& endpoint) {
  const auto options = std::make_shared<CreateOptions>();
  Command command("create", "Print a user-data line with a new token", create_details);
  command.option("--ttl", "TIME", into(options->lifetime),
                 "How long the token is valid, such as 90m or 24h; at most 8760h");
  command.option("--uses", "N", into(options->uses),
                 "How many nodes may enrol with it (default: any number)");
  command.option("--role", "ROLE", one_of(options->role, {"auto", "worker", "control-plane"}),
                 "Role of its nodes: auto, worker or control-plane");
  command.run = [&endpoint, options] { return create(endpoint, *options); };
  return command;
}

Command make_list(const Endpoint& endpoint) {
  Command command("list", "List the tokens",
                  "The list shows the public ids, never the tokens themselves.");
  command.run = [&endpoint] { return list(endpoint); };
  return command;
}

Command make_revoke(const Endpoint& endpoint) {
  const auto id = std::make_shared<std::string>();
  Command command("revoke", "Revoke a token", revoke_details);
  command.positional("ID", into(*id), "Id of the token, as `kagentctl token list` shows it")
      .required = true;
  command.run = [&endpoint, id] { return revoke(endpoint, *id); };
  return command;
}

}  // namespace

Command make_token(const Endpoint& endpoint) {
  Command group("token", "Create, list and revoke enrolment tokens");
  group.commands = {make_create(endpoint), make_list(endpoint), make_revoke(endpoint)};
  return group;
}

}  // namespace kagent::ctl
