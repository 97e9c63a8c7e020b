#pragma once

#include <chrono>
#include <cstdint>

// Values as columns hold them.
namespace kagent::coordinator::sqlite {

inline std::int64_t signed_of(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
inline std::uint64_t unsigned_of(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

inline std::int64_t to_ms(std::chrono::system_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}
inline std::chrono::system_clock::time_point from_ms(std::int64_t ms) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(ms));
}

}  // namespace kagent::coordinator::sqlite
