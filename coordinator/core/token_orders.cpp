#include "coordinator/core/token_orders.hpp"

#include "agent/common/base/log.hpp"
#include "coordinator/core/clock.hpp"
#include "coordinator/core/convert.hpp"

namespace kagent::coordinator {

Result<TokenOrders::Created> TokenOrders::create(const Tokens::Wish& wish, const Caller& caller) {
  auto created = tokens_.create(wish, now());
  if (!created) return created.error();
  const std::string& id = created->record.id;
  AuditEntry entry("token-create", caller);
  entry.more = {{"token", id}, {"role", std::string(to_string(wish.role))}};
  auto kept = audit_.granted(entry, now());
  if (kept) kept = store_.save_token(created->record);
  if (!kept) {
    tokens_.drop(id);
    return kept.error();
  }
  log::info("enrolment token {} made by {}", id, who(caller));
  return Created{created->record, user_data_.line(false) + "?token=" + created->token};
}

Result<> TokenOrders::drop(const std::string& id, const Caller& caller) {
  AuditEntry entry("token-revoke", caller);
  entry.more = {{"token", id}};
  Result<> decided;
  if (id != Tokens::of_user_data && !tokens_.has(id))
    decided = Error(Errc::not_found, "there is no token with the id " + id +
                                         " (the part before the dot): `kagentctl token list`");
  if (auto may = decisions_.audited(entry, decided); !may) return may;
  if (id == Tokens::of_user_data) {
    if (auto renewed = renew_user_data(); !renewed) return renewed;
  } else {
    if (auto dropped = store_.drop_token(id); !dropped) return dropped;
    tokens_.drop(id);
  }
  log::info("enrolment token {} revoked by {}", id, who(caller));
  return {};
}

Result<> TokenOrders::renew_user_data() {
  auto token = renew_enrolment_token(authority_);
  if (!token) return token.error();
  const std::string sha256 = pki::sha256_hex(*token);
  tokens_.replace_user_data(sha256);
  authority_.enrolment_token = std::move(*token);
  return store_.save_token_hashes({sha256});
}

}  // namespace kagent::coordinator
