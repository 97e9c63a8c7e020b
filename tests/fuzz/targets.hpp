#pragma once

#include <span>
#include <string_view>

namespace kagent::fuzz {

// What reads bytes of people whom nobody trusts. A target returns on any input, or it is a defect.
struct Target {
  std::string_view name;  // and folder of its corpus
  void (*run)(std::string_view input);
};

std::span<const Target> targets();

}  // namespace kagent::fuzz
