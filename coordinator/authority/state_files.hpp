#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/trust/pki.hpp"

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>

// Files of the coordinator's state folder, readable by its user only.
namespace kagent::coordinator {

inline constexpr mode_t secret_mode = 0600;

// The file's content; `make` makes it if the file is missing.
Result<std::string> read_or_make(const std::filesystem::path& path,
                                 const std::function<Result<std::string>()>& make);

std::string trimmed(std::string text);  // without white space at its end

Result<pki::Key> read_or_make_key(const std::filesystem::path& path);

}  // namespace kagent::coordinator
