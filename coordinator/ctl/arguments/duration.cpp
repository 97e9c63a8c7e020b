#include "coordinator/ctl/arguments/duration.hpp"

#include <cctype>
#include <cstdint>

namespace kagent::ctl {

std::optional<std::chrono::seconds> duration_from(const std::string& text) {
  constexpr std::size_t most_digits = 8;
  std::int64_t total = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t digits = 0;
    std::int64_t number = 0;
    for (; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0; ++at) {
      number = number * 10 + (text[at] - '0');
      if (++digits > most_digits) return std::nullopt;
    }
    if (digits == 0) return std::nullopt;
    const char unit = at < text.size() ? text[at++] : 's';
    if (unit != 's' && unit != 'm' && unit != 'h') return std::nullopt;
    total += number * (unit == 's' ? 1 : unit == 'm' ? 60 : 3600);
  }
  return text.empty() ? std::nullopt : std::optional(std::chrono::seconds(total));
}

std::string to_text(std::chrono::seconds length) {
  const std::int64_t s = length.count();
  std::string text;
  if (s >= 3600) text += std::to_string(s / 3600) + "h";
  if (s / 60 % 60 != 0) text += std::to_string(s / 60 % 60) + "m";
  if (s % 60 != 0 || s == 0) text += std::to_string(s % 60) + "s";
  return text;
}

}  // namespace kagent::ctl
