#include "agent/common/config/problem.hpp"

#include <fmt/format.h>

namespace kagent::config {

void Problems::add(Place place, std::string_view field, std::string_view what) {
  std::string line = source_;
  if (place.line > 0) line += fmt::format(":{}:{}", place.line, place.column);
  if (!field.empty()) line += fmt::format(": {}", field);
  lines_.push_back(fmt::format("{}: {}", line, what));
}

Error Problems::error() const {
  return {Errc::invalid_argument, fmt::format("{}", fmt::join(lines_, "\n"))};
}

}  // namespace kagent::config
