#pragma once

#include <span>
#include <string_view>

namespace kagent::fuzz {

// Each target parses untrusted bytes. It must return on any input.
struct Target {
  std::string_view name;  // and folder of its corpus
  void (*run)(std::string_view input);
};

std::span<const Target> targets();

}  // namespace kagent::fuzz
