#include "coordinator/store/sqlite_transaction.hpp"

namespace kagent::coordinator::sqlite {

Result<> Transactions::atomically(const std::function<Result<>()>& work) {
  if (auto begun = database_.run("BEGIN IMMEDIATE"); !begun) return begun;
  open_ = true;
  Result<> done = work();
  open_ = false;
  if (done) done = database_.run("COMMIT");
  if (!done) (void)database_.run("ROLLBACK");
  return done;
}

}  // namespace kagent::coordinator::sqlite
