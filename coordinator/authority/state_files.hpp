#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/trust/pki.hpp"

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>

// The files of the coordinator's state folder, all of them for its user only.
namespace kagent::coordinator {

inline constexpr mode_t secret_mode = 0600;

// The content of the file, made by `make` when it is not there.
Result<std::string> read_or_make(const std::filesystem::path& path,
                                 const std::function<Result<std::string>()>& make);

std::string trimmed(std::string text);  // without what an editor leaves at its end

Result<pki::Key> read_or_make_key(const std::filesystem::path& path);

}  // namespace kagent::coordinator
