// Administrators' orders about enrolment tokens.
#include "agent/common/base/log.hpp"
#include "coordinator/core/convert.hpp"
#include "coordinator/core/coordinator.hpp"

namespace kagent::coordinator {
namespace {

v1::Token token_message(const TokenRecord& record) {
  v1::Token message;
  message.set_id(record.id);
  message.set_role(std::string(to_string(record.role)));
  if (record.uses_left) message.set_uses_left(*record.uses_left);
  *message.mutable_created_at() = to_timestamp(record.created_at);
  *message.mutable_expires_at() = to_timestamp(record.expires_at);
  message.set_created_by(record.created_by);
  return message;
}

}  // namespace

Result<v1::CreateTokenResponse> Coordinator::create_token(const v1::CreateTokenRequest& request,
                                                          const Caller& caller) {
  const auto wish = to_token_wish(request, who(caller));
  if (!wish) return wish.error();
  const auto created = door_.tokens().create(*wish, now());
  if (!created) return created.error();
  AuditEntry entry("token-create", caller);
  entry.more = {{"token", created->record.id}, {"role", std::string(to_string(wish->role))}};
  auto kept = audit_.granted(entry, now());
  if (kept) kept = store_->save_token(created->record);
  if (!kept) {
    door_.tokens().drop(created->record.id);
    return kept.error();
  }
  log::info("enrolment token {} made by {}", created->record.id, who(caller));
  v1::CreateTokenResponse response;
  *response.mutable_token() = token_message(created->record);
  response.set_user_data(user_data(false) + "?token=" + created->token);
  return response;
}

v1::ListTokensResponse Coordinator::list_tokens() const {
  v1::ListTokensResponse response;
  v1::Token& of_user_data = *response.add_tokens();
  of_user_data.set_id(Tokens::of_user_data);
  of_user_data.set_role("auto");
  for (const TokenRecord& record : door_.tokens().list())
    *response.add_tokens() = token_message(record);
  return response;
}

Result<v1::DropTokenResponse> Coordinator::drop_token(const v1::DropTokenRequest& request,
                                                      const Caller& caller) {
  const std::string& id = request.id();
  AuditEntry entry("token-revoke", caller);
  entry.more = {{"token", id}};
  const bool known = id == Tokens::of_user_data || door_.tokens().has(id);
  Result<> decided;
  if (!known)
    decided = Error(Errc::not_found, "there is no token of the id " + id +
                                         " (what stands before its dot): `kagentctl token list`");
  if (auto may = audited(entry, decided); !may) return may.error();
  if (id == Tokens::of_user_data) {
    auto token = renew_enrolment_token(authority_);
    if (!token) return token.error();
    const std::string sha256 = pki::sha256_hex(*token);
    door_.tokens().replace_user_data(sha256);
    authority_.enrolment_token = std::move(*token);
    if (auto saved = store_->save_token_hashes({sha256}); !saved) return saved.error();
  } else {
    if (auto dropped = store_->drop_token(id); !dropped) return dropped.error();
    door_.tokens().drop(id);
  }
  log::info("enrolment token {} revoked by {}", id, who(caller));
  return v1::DropTokenResponse();
}

}  // namespace kagent::coordinator
