#pragma once

#include "agent/common/base/error.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

// Files in folders that another user owns. The owner may put links where root is about to write, so
// no link is followed.
namespace kagent::noded {

struct Account {
  std::string name;
  std::string home;
  uid_t uid = 0;
  gid_t gid = 0;
};
std::optional<Account> account(const std::string& name);

// FOLDER/SUBFOLDER/NAME (SUBFOLDER may be ""). Writes the file atomically with mode 0600 for the
// account, and makes a missing SUBFOLDER with mode 0700. Errors: failed_precondition (a link, or
// something that is no folder, is in the way), not_found (no FOLDER), io, resource_exhausted.
struct UserFile {
  std::string folder;
  std::string subfolder;
  std::string name;
};
Result<> write_user_file(const UserFile& file, std::string_view content, const Account& owner);

// The file's content; nothing if the file does not exist yet. Errors: as above, and
// failed_precondition if it is a link, no plain file or larger than 1 MiB.
Result<std::optional<std::string>> read_user_file(const UserFile& file);

// Whether it is a plain file with this content and this owner, and no rights for others.
bool is_user_file(const UserFile& file, std::string_view content, const Account& owner);

}  // namespace kagent::noded
