#include "agent/common/config/problem.hpp"

#include "agent/common/base/printable.hpp"

#include <fmt/format.h>

namespace kagent::config {
namespace {

constexpr std::size_t longest_line = 1024;  // bytes

}  // namespace

void Problems::add(Place place, std::string_view field, std::string_view what) {
  std::string line = source_;
  if (place.line > 0) line += fmt::format(":{}:{}", place.line, place.column);
  if (!field.empty()) line += fmt::format(": {}", field);
  // Both may quote the input.
  lines_.push_back(printable(fmt::format("{}: {}", line, what), longest_line));
}

Error Problems::error() const {
  return {Errc::invalid_argument, fmt::format("{}", fmt::join(lines_, "\n"))};
}

}  // namespace kagent::config
