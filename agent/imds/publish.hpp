#pragma once

#include "agent/common/base/error.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace kagent::imds {

// Writes every document as a file of its name, mode 0640 (the folder's group is kagent), and
// removes the files of documents that are gone. user-data is removed first and written last: who
// sees it may rely on the others. Safe to repeat.
Result<> publish(const std::filesystem::path& folder,
                 const std::map<std::string, std::string>& documents);

}  // namespace kagent::imds
