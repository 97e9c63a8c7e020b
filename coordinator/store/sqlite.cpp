#include "coordinator/store/sqlite.hpp"

#include <sqlite3.h>

namespace kagent::coordinator::sqlite {
namespace {

Errc code_of(int status) {
  switch (status & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Errc::data_loss;
    case SQLITE_FULL:
    case SQLITE_NOMEM: return Errc::resource_exhausted;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH: return Errc::permission_denied;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Errc::unavailable;
    case SQLITE_CONSTRAINT: return Errc::already_exists;
    default: return Errc::io;
  }
}

}  // namespace

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}
void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Result<Database> Database::open(const std::filesystem::path& file) {
  Database database;
  sqlite3* handle = nullptr;
  const int status =
      sqlite3_open_v2(file.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, nullptr);
  database.handle_.reset(handle);
  if (handle == nullptr) return Error(Errc::resource_exhausted, "no memory for SQLite");
  if (status != SQLITE_OK) return database.error("opening " + file.string());
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, 2000);
  return database;
}

Error Database::error(std::string_view what) const {
  return {code_of(sqlite3_errcode(handle_.get())),
          std::string(what) + ": " + sqlite3_errmsg(handle_.get())};
}

Result<> Database::run(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error(sql);
  return {};
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_.get(), sql, -1, &statement, nullptr) != SQLITE_OK)
    return error(sql);
  return Statement(statement, this);
}

int Database::changes() const {
  return sqlite3_changes(handle_.get());
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text(handle_.get(), next_++, text.data(), static_cast<int>(text.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  sqlite3_bind_int64(handle_.get(), next_++, number);
  return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
  sqlite3_bind_blob(handle_.get(), next_++, bytes.data(), static_cast<int>(bytes.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

Result<bool> Statement::step() {
  const int status = sqlite3_step(handle_.get());
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return database_->error(sqlite3_sql(handle_.get()));
}

Result<int> Statement::execute() {
  Result<bool> row = step();
  next_ = 1;
  if (!row) {
    sqlite3_reset(handle_.get());
    return row.error();
  }
  const int changed = database_->changes();
  sqlite3_reset(handle_.get());
  return changed;
}

std::string Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

}  // namespace kagent::coordinator::sqlite
