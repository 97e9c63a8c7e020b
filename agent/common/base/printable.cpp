#include "agent/common/base/printable.hpp"

#include "agent/common/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace kagent {
namespace {

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
    const Character character = first_character(text.substr(at));
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
    const Character character = first_character(text.substr(at));
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
