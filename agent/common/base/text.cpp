#include "agent/common/base/text.hpp"

#include <algorithm>
#include <iterator>

namespace kagent {
namespace {

// One row of table 3-7 of the Unicode standard: the bounds of the second byte exclude overlong
// forms, surrogates and what lies beyond U+10FFFF.
struct Lead {
  unsigned char first, last;
  std::size_t bytes;
  unsigned char second_from, second_to;
};
constexpr Lead leads[] = {
    {0xC2, 0xDF, 2, 0x80, 0xBF}, {0xE0, 0xE0, 3, 0xA0, 0xBF}, {0xE1, 0xEC, 3, 0x80, 0xBF},
    {0xED, 0xED, 3, 0x80, 0x9F}, {0xEE, 0xEF, 3, 0x80, 0xBF}, {0xF0, 0xF0, 4, 0x90, 0xBF},
    {0xF1, 0xF3, 4, 0x80, 0xBF}, {0xF4, 0xF4, 4, 0x80, 0x8F},
};

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr char blanks[] = " \t\r\n";
  const auto from = text.find_first_not_of(blanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const auto* lead = std::ranges::find_if(
      leads, [&](const Lead& each) { return first >= each.first && first <= each.last; });
  if (lead == std::end(leads) || lead->bytes > text.size()) return {};
  if (byte(1) < lead->second_from || byte(1) > lead->second_to) return {};
  std::uint32_t code = first & (0x7Fu >> lead->bytes);
  for (std::size_t i = 1; i < lead->bytes; ++i) {
    if ((byte(i) & 0xC0u) != 0x80u) return {};
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  return {code, lead->bytes};
}

}  // namespace kagent
