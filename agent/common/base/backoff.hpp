#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace kagent {

// Exponential backoff with full jitter: the n-th delay is uniform in [floor, min(cap, first *
// 2^n)].
struct BackoffPolicy {
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds cap{30'000};
  std::chrono::milliseconds floor{100};
};

class Backoff {
 public:
  Backoff(BackoffPolicy policy, std::uint64_t seed) : policy_(policy), random_(seed) {}
  std::chrono::milliseconds next();  // the delay before the next try
  void reset() { tries_ = 0; }       // after a success
  [[nodiscard]] unsigned tries() const { return tries_; }

 private:
  BackoffPolicy policy_;
  std::mt19937_64 random_;
  unsigned tries_ = 0;
};

}  // namespace kagent
