#include "agent/common/base/backoff.hpp"

#include <algorithm>

namespace kagent {

std::chrono::milliseconds Backoff::next() {
  // 2^20 times the first delay is past every cap; shifting further would overflow.
  const auto doublings = std::min(tries_, 20U);
  ++tries_;
  const auto limit = std::min(policy_.cap, policy_.first * (std::int64_t{1} << doublings));
  const auto floor = std::min(policy_.floor, limit);
  std::uniform_int_distribution<std::int64_t> between(floor.count(), limit.count());
  return std::chrono::milliseconds(between(random_));
}

}  // namespace kagent
