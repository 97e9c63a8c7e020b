#include "agent/common/base/version.hpp"

#include <fmt/format.h>

namespace kagent {

std::string version_line(std::string_view program) {
  constexpr std::string_view commit = KAGENT_COMMIT;
  return fmt::format("{} {} ({}{}protocol {})", program, version, commit.empty() ? "" : "commit ",
                     commit.empty() ? "" : fmt::format("{}, ", commit), protocol_version);
}

}  // namespace kagent
