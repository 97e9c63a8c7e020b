#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace kagent::ctl {

// "90", "90s", "10m", "1h30m"; nothing if the text is none of this kind.
std::optional<std::chrono::seconds> duration_from(const std::string& text);

// The shortest text that duration_from() reads as this: "10m", "1h30m".
std::string to_text(std::chrono::seconds length);

}  // namespace kagent::ctl
