#pragma once

#include "agent/common/base/error.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace kagent::imds {

// Writes each document to a file of its name, mode 0640 (the folder's group is kagent), and removes
// the files of documents that no longer exist. user-data is removed first and written last: a
// program that sees it may rely on the other files. Idempotent.
Result<> publish(const std::filesystem::path& folder,
                 const std::map<std::string, std::string>& documents);

}  // namespace kagent::imds
