#include "agent/common/base/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace kagent {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  // 0: the first byte is not the start of a well-formed character
};

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

Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const auto* lead = std::ranges::find_if(
      leads, [&](const Lead& each) { return first >= each.first && first <= each.last; });
  if (lead == std::end(leads) || at + lead->bytes > text.size()) return {};
  if (byte(1) < lead->second_from || byte(1) > lead->second_to) return {};
  std::uint32_t code = first & (0x7Fu >> lead->bytes);
  for (std::size_t i = 1; i < lead->bytes; ++i) {
    if ((byte(i) & 0xC0u) != 0x80u) return {};
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  return {code, lead->bytes};
}

struct Range {
  std::uint32_t first, last;
};
// Unicode 15, general categories Cc, Zl, Zp and Cf (without the Arabic and Indic number signs,
// which are visible), and the variation and tag characters that hide text.
constexpr Range hidden[] = {
    {0x00, 0x1F},       {0x7F, 0x9F},       {0xAD, 0xAD},       {0x061C, 0x061C}, {0x180E, 0x180E},
    {0x200B, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},   {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB},
    {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

bool is_hidden(std::uint32_t code) {
  return std::ranges::any_of(
      hidden, [&](const Range& range) { return code >= range.first && code <= range.last; });
}

void append(std::string& out, std::string_view text, std::size_t at, const Character& character) {
  if (character.bytes == 0)
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[at]));
  else if (character.code == '\n')
    out += "\\n";
  else if (character.code == '\r')
    out += "\\r";
  else if (character.code == '\t')
    out += ' ';
  else if (is_hidden(character.code))
    fmt::format_to(std::back_inserter(out), "\\u{{{:02x}}}", character.code);
  else
    out += text.substr(at, character.bytes);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    append(out, text, at, character);
    at += std::max<std::size_t>(character.bytes, 1);
  }
  return out;
}

std::string printable(std::string_view text, std::size_t most_bytes) {
  constexpr std::string_view mark = " [cut]";
  std::string out;
  std::size_t last_that_leaves_room = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    append(out, text, at, character);
    if (out.size() > most_bytes) {
      out.resize(last_that_leaves_room);
      return out.append(mark);
    }
    if (out.size() + mark.size() <= most_bytes) last_that_leaves_room = out.size();
    at += std::max<std::size_t>(character.bytes, 1);
  }
  return out;
}

}  // namespace kagent
