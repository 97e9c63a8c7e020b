#include "coordinator/store/sqlite_tokens.hpp"

#include "coordinator/store/sqlite_values.hpp"

namespace kagent::coordinator::sqlite {
namespace {

constexpr std::int64_t unlimited = -1;

}  // namespace

Result<> TokenTables::read(Snapshot& snapshot) {
  auto hashes = read_hashes();
  if (!hashes) return hashes.error();
  auto tokens = read_tokens();
  if (!tokens) return tokens.error();
  snapshot.token_hashes = std::move(*hashes);
  snapshot.tokens = std::move(*tokens);
  return {};
}

Result<std::vector<std::string>> TokenTables::read_hashes() {
  std::vector<std::string> hashes;
  auto rows = database_.prepare("SELECT sha256 FROM enrolment_tokens");
  if (!rows) return rows.error();
  for (;;) {
    auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return hashes;
    hashes.push_back(rows->text(0));
  }
}

Result<std::vector<TokenRecord>> TokenTables::read_tokens() {
  std::vector<TokenRecord> tokens;
  auto rows = database_.prepare(
      "SELECT id, sha256, role, uses_left, created_at_ms, expires_at_ms, created_by FROM tokens "
      "ORDER BY created_at_ms");
  if (!rows) return rows.error();
  for (;;) {
    auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return tokens;
    TokenRecord token;
    token.id = rows->text(0);
    token.sha256 = rows->text(1);
    token.role = static_cast<WantedRole>(rows->number(2));
    if (const auto uses = rows->number(3); uses != unlimited) token.uses_left = unsigned_of(uses);
    token.created_at = from_ms(rows->number(4));
    token.expires_at = from_ms(rows->number(5));
    token.created_by = rows->text(6);
    tokens.push_back(std::move(token));
  }
}

Result<> TokenTables::save_hashes(const std::vector<std::string>& hashes) {
  if (auto cleared = database_.run("DELETE FROM enrolment_tokens"); !cleared) return cleared;
  auto insert = database_.prepare("INSERT OR IGNORE INTO enrolment_tokens (sha256) VALUES (?)");
  if (!insert) return insert.error();
  for (const std::string& hash : hashes)
    if (auto done = insert->bind(hash).execute(); !done) return done.error();
  return {};
}

Result<> TokenTables::save(const TokenRecord& token) {
  auto replace = database_.prepare(
      "INSERT OR REPLACE INTO tokens (id, sha256, role, uses_left, created_at_ms, expires_at_ms, "
      "created_by) VALUES (?,?,?,?,?,?,?)");
  if (!replace) return replace.error();
  auto done = replace->bind(token.id)
                  .bind(token.sha256)
                  .bind(static_cast<std::int64_t>(token.role))
                  .bind(token.uses_left ? signed_of(*token.uses_left) : unlimited)
                  .bind(to_ms(token.created_at))
                  .bind(to_ms(token.expires_at))
                  .bind(token.created_by)
                  .execute();
  return done ? Result<>() : Result<>(done.error());
}

Result<> TokenTables::drop(const std::string& id) {
  auto drop = database_.prepare("DELETE FROM tokens WHERE id=?");
  if (!drop) return drop.error();
  auto done = drop->bind(id).execute();
  return done ? Result<>() : Result<>(done.error());
}

}  // namespace kagent::coordinator::sqlite
