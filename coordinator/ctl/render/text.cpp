#include "coordinator/ctl/render/text.hpp"

#include <algorithm>

namespace kagent::ctl::render {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::string_view code_of(Style style) {
  switch (style) {
    case Style::bold: return "1";
    case Style::dim: return "2";
    case Style::good: return "32";
    case Style::busy: return "33";
    case Style::bad: return "31";
    case Style::plain: break;
  }
  return "";
}

}  // namespace

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

std::string cut(std::string_view text, std::size_t most) {
  if (columns(text) <= most) return std::string(text);
  if (most == 0) return {};
  std::size_t kept = 0;
  std::size_t at = 0;
  for (; at < text.size() && kept < most - 1; ++kept) {
    ++at;
    while (at < text.size() && is_continuation(text[at])) ++at;
  }
  return std::string(text.substr(0, at)) + "…";
}

std::string styled(std::string_view text, Style style, const Look& look) {
  if (!look.colour || style == Style::plain || text.empty()) return std::string(text);
  return "\x1b[" + std::string(code_of(style)) + "m" + std::string(text) + "\x1b[0m";
}

void Table::row(std::vector<Cell> cells) {
  cells.resize(heads_.size());
  lines_.push_back({std::move(cells), false});
}

void Table::note(Cell text) {
  lines_.push_back({{std::move(text)}, true});
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    std::size_t width = columns(heads_[i]);
    for (const Line& line : lines_)
      if (!line.is_note) width = std::max(width, columns(line.cells[i].text));
    widths.push_back(width);
  }
  return widths;
}

std::string Table::text(const Look& look) const {
  constexpr std::size_t gap = 2;
  const std::vector<std::size_t> widths = this->widths();
  std::string out;
  const auto put = [&](const std::vector<Cell>& cells) {
    std::size_t at = 0;       // where the next cell begins
    std::size_t written = 0;  // columns of this line so far
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::size_t room = look.width == 0   ? std::string::npos
                               : at < look.width ? look.width - at
                                                 : 0;
      const std::string text = cut(cells[i].text, room);
      if (!text.empty()) {
        out.append(at - written, ' ');
        out += styled(text, cells[i].style, look);
        written = at + columns(text);
      }
      at += (i < widths.size() ? widths[i] : 0) + gap;
    }
    out += '\n';
  };
  std::vector<Cell> heads;
  for (const std::string& head : heads_) heads.push_back({head, Style::bold});
  put(heads);
  for (const Line& line : lines_) put(line.cells);
  return out;
}

}  // namespace kagent::ctl::render
