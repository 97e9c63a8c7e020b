#pragma once

#include "coordinator/store/sqlite.hpp"

#include <filesystem>

namespace kagent::coordinator::sqlite {

// The database's age, in starts and ends, is kept in it and in a file beside it: one that was put
// back from a copy is younger than that file says. It is older by one afterwards. Errors:
// data_loss.
Result<> grow_older(Database& database, const std::filesystem::path& age_file);

}  // namespace kagent::coordinator::sqlite
