#pragma once

#include "agent/common/base/error.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

// The part of SQLite's C interface that the store needs, with errors as Error.
namespace kagent::coordinator::sqlite {

class Statement;

class Database {
 public:
  static Result<Database> open(const std::filesystem::path& file);

  Result<> run(const char* sql);  // one or more statements, no rows
  Result<Statement> prepare(const char* sql);
  [[nodiscard]] int changes() const;  // rows changed by the last statement
  [[nodiscard]] Error error(std::string_view what) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

class Statement {
 public:
  Statement(sqlite3_stmt* handle, const Database* database)
      : handle_(handle), database_(database) {}

  // Call these in the order of the question marks.
  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  Statement& bind_blob(std::string_view bytes);

  // True while there is a row.
  Result<bool> step();
  // For a statement without rows: number of rows changed; ready to be bound again.
  Result<int> execute();

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t number(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  const Database* database_;
  int next_ = 1;
};

}  // namespace kagent::coordinator::sqlite
