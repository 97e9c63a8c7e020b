#include "agent/common/base/tally.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent;
using namespace std::chrono_literals;

TEST_CASE(
    "T17 What is refused a thousand times is said at once, then once a minute with the number") {
  Tally tally;
  const auto start = std::chrono::steady_clock::now();
  CHECK(tally.add(start) == 1U);
  for (int i = 1; i < 1000; ++i) CHECK_FALSE(tally.add(start + i * 50ms));
  CHECK(tally.add(start + 60s) == 1000U);
  CHECK_FALSE(tally.add(start + 119s));
  CHECK(tally.total() == 1002);
}
