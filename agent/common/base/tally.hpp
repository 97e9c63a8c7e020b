#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace kagent {

// Counts events that are too frequent for a log line each.
class Tally {
 public:
  // Counts one event. At most once a minute: the number of events since the last returned number.
  std::optional<std::uint64_t> add(std::chrono::steady_clock::time_point now) {
    ++total_;
    if (said_ != 0 && now - said_at_ < std::chrono::minutes(1)) return std::nullopt;
    const std::uint64_t times = total_ - said_;
    said_ = total_;
    said_at_ = now;
    return times;
  }
  [[nodiscard]] std::uint64_t total() const { return total_; }

 private:
  std::uint64_t total_ = 0, said_ = 0;
  std::chrono::steady_clock::time_point said_at_;
};

}  // namespace kagent
