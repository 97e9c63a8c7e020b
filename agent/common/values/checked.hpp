#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/base/printable.hpp"

#include <compare>
#include <ostream>
#include <string>
#include <string_view>

// A text that came over a wire, or from a file that somebody else writes, is used only as one of
// the types of this room. parse() is the only way to make one, so that holding a value proves that
// it is well formed. Every value of these types is at most some hundred bytes of printable ASCII
// without blanks, quotes and backslashes: each can stand in any file, command line or log as it is.
namespace kagent::values {

// Rule: `what` says what is expected, `longest` is in bytes, `holds` looks at the shape and is
// given no more than `longest` bytes.
template <class Rule>
class Checked {
 public:
  // Errors: invalid_argument, which says what was expected and shows what was found.
  static Result<Checked> parse(std::string_view text) {
    if (!text.empty() && text.size() <= Rule::longest && Rule::holds(text))
      return Checked(std::string(text));
    return Error(Errc::invalid_argument, "expected " + std::string(Rule::what) + ", found \"" +
                                             (Rule::secret ? "..." : printable(text, 80)) + "\"");
  }

  [[nodiscard]] const std::string& str() const { return text_; }

  auto operator<=>(const Checked&) const = default;
  // For tests' messages; a secret stays one.
  friend std::ostream& operator<<(std::ostream& out, const Checked& value) {
    return out << (Rule::secret ? "..." : value.text_);
  }

 private:
  explicit Checked(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace kagent::values
