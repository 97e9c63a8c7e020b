#pragma once

#include "agent/common/base/error.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

// Files in folders that somebody else owns. Their owner may put links where root is about to write:
// none is followed.
namespace kagent::noded {

struct Account {
  std::string name;
  std::string home;
  uid_t uid = 0;
  gid_t gid = 0;
};
std::optional<Account> account(const std::string& name);

// FOLDER/SUBFOLDER/NAME (SUBFOLDER may be ""), 0600 and the account's; a missing SUBFOLDER is made,
// 0700. All or nothing. Errors: failed_precondition (a link, or no folder, is in the way),
// not_found (no FOLDER), io, resource_exhausted.
struct UserFile {
  std::string folder;
  std::string subfolder;
  std::string name;
};
Result<> write_user_file(const UserFile& file, std::string_view content, const Account& owner);

// Its content; nothing if there is no such file yet. Errors: as above, and failed_precondition for
// one that is a link, no plain file or over 1 MiB.
Result<std::optional<std::string>> read_user_file(const UserFile& file);

// Whether it is a plain file with this content, this owner and no rights for anybody else.
bool is_user_file(const UserFile& file, std::string_view content, const Account& owner);

}  // namespace kagent::noded
