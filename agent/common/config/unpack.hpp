#pragma once

#include "agent/common/base/error.hpp"

#include <string>
#include <string_view>

// The wrappings user-data comes in, by content. All pure; sizes bounded.
namespace kagent::config {

inline constexpr std::size_t max_unpacked = 256 * 1024;

// Unwraps gzip and base64, in either order, at most three layers deep, until neither is left.
Result<std::string> unwrap(std::string_view bytes);

Result<std::string> gunzip(std::string_view bytes);
Result<std::string> decode_base64(std::string_view text);  // blanks and line ends are skipped
std::string encode_base64(std::string_view bytes);         // one line

bool is_mime(std::string_view text);
// The one part that is meant for kagent: application/vnd.kagent.node+yaml or text/x-kagent-url,
// also inside one more multipart. not_found: none; invalid_argument: broken, or several.
Result<std::string> kagent_part(std::string_view mime);

}  // namespace kagent::config
