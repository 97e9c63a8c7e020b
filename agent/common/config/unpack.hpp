#pragma once

#include "agent/common/base/error.hpp"

#include <string>
#include <string_view>

// Unpacks user-data; the content decides how. No I/O; all sizes are bounded.
namespace kagent::config {

inline constexpr std::size_t max_unpacked = 256 * 1024;

// Removes gzip and base64, in any order, up to three layers.
Result<std::string> unwrap(std::string_view bytes);

Result<std::string> gunzip(std::string_view bytes);
Result<std::string> decode_base64(std::string_view text);  // skips blanks and line ends
std::string encode_base64(std::string_view bytes);         // one line

bool is_mime(std::string_view text);
// The one part for kagent: application/vnd.kagent.node+yaml or text/x-kagent-url. It may be in a
// nested multipart. Errors: not_found if there is none; invalid_argument if the MIME is broken or
// has several such parts.
Result<std::string> kagent_part(std::string_view mime);

}  // namespace kagent::config
