#pragma once

#include "agent/common/base/error.hpp"

#include <filesystem>
#include <string>

namespace kagent::noded {

// "https://HOST:PORT" of /etc/kubernetes/admin.conf below `root`. Errors: not_found (no control
// plane), protocol, io.
Result<std::string> api_server_of(const std::filesystem::path& root);

}  // namespace kagent::noded
