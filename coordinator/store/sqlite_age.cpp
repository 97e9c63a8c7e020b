#include "coordinator/store/sqlite_age.hpp"

#include "agent/common/base/file.hpp"
#include "coordinator/store/store.hpp"

#include <cstdlib>

namespace kagent::coordinator {
namespace sqlite {

namespace {

Result<std::int64_t> age_of(Database& database) {
  auto row = database.prepare("PRAGMA user_version");
  if (!row) return row.error();
  if (auto stepped = row->step(); !stepped) return stepped.error();
  return row->number(0);
}

}  // namespace

Result<> grow_older(Database& database, const std::filesystem::path& age_file) {
  const auto age = age_of(database);
  if (!age) return age.error();
  const auto beside = read_file(age_file, 64);
  if (!beside && beside.error().code() != Errc::not_found) return beside.error();
  if (beside && std::atoll(beside->c_str()) > *age)
    return Error(Errc::data_loss, "it is an older copy that was put back: it has seen " +
                                      std::to_string(*age) + " starts and ends, " +
                                      age_file.string() + " knows of " +
                                      beside->substr(0, beside->find('\n')));
  // The file is written last, so a crash between the two does not look like a rollback.
  const std::string next = std::to_string(*age + 1);
  if (auto set = database.run(("PRAGMA user_version = " + next).c_str()); !set) return set;
  return write_file_atomic(age_file, next + "\n", 0600);
}

}  // namespace sqlite

std::filesystem::path age_file_of(const std::filesystem::path& store) {
  return store.string() + ".age";
}

}  // namespace kagent::coordinator
