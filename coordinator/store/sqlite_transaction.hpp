#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/store/sqlite.hpp"

#include <functional>

namespace kagent::coordinator::sqlite {

// Transactions of one database, which do not nest.
class Transactions {
 public:
  explicit Transactions(Database& database) : database_(database) {}

  // Commits if `work` succeeds, else rolls back and returns the error of `work`.
  Result<> atomically(const std::function<Result<>()>& work);
  // Runs `work` in the open transaction, or in one of its own.
  Result<> join(const std::function<Result<>()>& work) { return open_ ? work() : atomically(work); }

 private:
  Database& database_;
  bool open_ = false;
};

}  // namespace kagent::coordinator::sqlite
