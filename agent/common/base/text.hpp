#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// Small helpers for text that is read.
namespace kagent {

// Without blanks, tabs and line ends at both ends.
std::string_view trimmed(std::string_view text);

struct Character {
  std::uint32_t code = 0;  // Unicode code point
  std::size_t bytes = 0;   // 0: no well-formed UTF-8 begins here
};

// The first character of a text that is not empty. Overlong forms, surrogates and what lies beyond
// U+10FFFF are not well formed (RFC 3629).
Character first_character(std::string_view text);

}  // namespace kagent
