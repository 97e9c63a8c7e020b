#pragma once

#include "coordinator/store/sqlite.hpp"

#include <filesystem>

namespace kagent::coordinator::sqlite {

// Counts the starts and ends of the coordinator, both in the database and in a file beside it. An
// older copy that was put back has a lower count than the file. Raises both counts by one. Errors:
// data_loss (an older copy).
Result<> grow_older(Database& database, const std::filesystem::path& age_file);

}  // namespace kagent::coordinator::sqlite
