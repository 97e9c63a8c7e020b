#pragma once

#include <string>
#include <string_view>
#include <vector>

// Tables and styles as strings. Pure: nothing here writes to a terminal.
namespace kagent::ctl::render {

enum class Style { plain, bold, dim, good, busy, bad };

struct Look {
  bool colour = false;
  unsigned width = 0;  // columns; 0: lines are not cut
};

struct Cell {
  std::string text;
  Style style = Style::plain;
};

// The width in columns; every character counts as one.
std::size_t columns(std::string_view text);
// The first `most` columns; the last one is '…' if something was cut.
std::string cut(std::string_view text, std::size_t most);

std::string styled(std::string_view text, Style style, const Look& look);

// Columns as wide as their widest cell, two blanks between, no blanks at the end of a line.
class Table {
 public:
  explicit Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}
  void row(std::vector<Cell> cells);
  // Adds a line below the last row, across all columns.
  void note(Cell text);
  [[nodiscard]] std::string text(const Look& look) const;

 private:
  struct Line {
    std::vector<Cell> cells;
    bool is_note = false;
  };
  [[nodiscard]] std::vector<std::size_t> widths() const;

  std::vector<std::string> heads_;
  std::vector<Line> lines_;
};

}  // namespace kagent::ctl::render
