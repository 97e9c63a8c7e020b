#include "coordinator/admission/tokens.hpp"

#include "agent/common/trust/pki.hpp"

namespace kagent::coordinator {
namespace {

constexpr std::chrono::hours longest_lifetime{24 * 365};

Error unknown() {
  return {Errc::unauthenticated,
          "the enrolment token is not known here: `kagentctl user-data` on the coordinator prints "
          "the line that is valid"};
}

Result<> check(const TokenRecord& record, Now now) {
  if (record.expires_at <= now.wall)
    return Error(Errc::unauthenticated,
                 "the enrolment token " + record.id + " has expired: `kagentctl token create`");
  if (record.uses_left && *record.uses_left == 0)
    return Error(Errc::unauthenticated,
                 "the enrolment token " + record.id + " is used up: `kagentctl token create`");
  return {};
}

}  // namespace

Tokens::Tokens(std::vector<std::string> user_data_hashes, std::vector<TokenRecord> records)
    : user_data_hashes_(std::move(user_data_hashes)) {
  for (TokenRecord& record : records) records_[record.id] = std::move(record);
}

Result<Tokens::Created> Tokens::create(const Wish& wish, Now now) {
  if (wish.lifetime <= std::chrono::seconds(0) || wish.lifetime > longest_lifetime)
    return Error(Errc::invalid_argument, "a token lives between a second and 365 days");
  if (wish.uses && *wish.uses == 0)
    return Error(Errc::invalid_argument, "a token needs at least one use");
  std::erase_if(records_, [&](const auto& each) { return each.second.expires_at <= now.wall; });
  if (records_.size() >= most)
    return Error(Errc::resource_exhausted,
                 "there are " + std::to_string(most) + " tokens: revoke some first");
  Created created;
  created.record.id = pki::random_hex(4);
  created.token = created.record.id + "." + pki::random_hex(20);
  created.record.sha256 = pki::sha256_hex(created.token);
  created.record.role = wish.role;
  created.record.uses_left = wish.uses;
  created.record.created_at = now.wall;
  created.record.expires_at = now.wall + wish.lifetime;
  created.record.created_by = wish.created_by;
  records_[created.record.id] = created.record;
  return created;
}

Result<TokenRecord> Tokens::find(std::string_view token, Now now) const {
  if (token.empty())
    return Error(Errc::unauthenticated,
                 "an enrolment token is needed: take the user-data line of `kagentctl user-data`");
  const std::string sha256 = pki::sha256_hex(token);
  for (const std::string& hash : user_data_hashes_)
    if (pki::equal_secret(hash, sha256)) {
      TokenRecord record;
      record.id = of_user_data;
      return record;
    }
  const auto found = records_.find(std::string(token.substr(0, token.find('.'))));
  if (found == records_.end() || !pki::equal_secret(found->second.sha256, sha256)) return unknown();
  if (auto good = check(found->second, now); !good) return good.error();
  return found->second;
}

Result<> Tokens::usable(const std::string& id, Now now) const {
  if (id.empty() || id == of_user_data) return {};
  const auto found = records_.find(id);
  if (found == records_.end())
    return Error(Errc::unauthenticated, "the enrolment token " + id + " was revoked");
  return check(found->second, now);
}

std::optional<TokenRecord> Tokens::spend(const std::string& id) {
  const auto found = records_.find(id);
  if (found == records_.end() || found->second.uses_left.value_or(0) == 0) return std::nullopt;
  --*found->second.uses_left;
  return found->second;
}

void Tokens::give_back(const std::string& id) {
  const auto found = records_.find(id);
  if (found != records_.end() && found->second.uses_left) ++*found->second.uses_left;
}

std::vector<TokenRecord> Tokens::list() const {
  std::vector<TokenRecord> all;
  for (const auto& [id, record] : records_) all.push_back(record);
  return all;
}

}  // namespace kagent::coordinator
