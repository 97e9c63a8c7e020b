#pragma once

#include "agent/common/base/error.hpp"

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace kagent {

// Whole file as bytes. Errors: not_found, permission_denied, io; resource_exhausted over max_bytes.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes = 1 << 20);

// All or nothing, also at power loss: temporary file beside it, fsync, rename, fsync of the folder.
// Parent folders must exist. The mode is set before the first byte is written.
Result<> write_file_atomic(const std::filesystem::path& path, std::string_view content,
                           mode_t mode);

// Removes it; a file that is not there is a success.
Result<> remove_file(const std::filesystem::path& path);

}  // namespace kagent
