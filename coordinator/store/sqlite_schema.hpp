#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/store/sqlite.hpp"
#include "coordinator/store/sqlite_transaction.hpp"

#include <string>

namespace kagent::coordinator::sqlite {

// Makes the tables in an empty database. Checks those that are there, and brings them to the newest
// version. Errors: data_loss (damaged, of another cluster, of a newer version).
Result<> prepare_schema(Database& database, Transactions& transactions,
                        const std::string& cluster_id);

}  // namespace kagent::coordinator::sqlite
