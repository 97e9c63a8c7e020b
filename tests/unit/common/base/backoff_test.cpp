#include "agent/common/base/backoff.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace std::chrono_literals;

TEST_CASE("backoff grows to its cap and never waits less than its floor") {
  kagent::Backoff backoff({500ms, 30s, 100ms}, 7);
  auto longest = 0ms;
  for (int i = 0; i < 200; ++i) {
    const auto delay = backoff.next();
    CHECK(delay >= 100ms);
    CHECK(delay <= 30s);
    longest = std::max(longest, delay);
  }
  CHECK(longest > 20s);
}

TEST_CASE("backoff starts again after a success") {
  kagent::Backoff backoff({500ms, 30s, 100ms}, 7);
  for (int i = 0; i < 50; ++i) backoff.next();
  backoff.reset();
  CHECK(backoff.next() <= 500ms);
}

TEST_CASE("two nodes do not come back at the same time") {
  kagent::Backoff one({500ms, 30s, 100ms}, 1);
  kagent::Backoff other({500ms, 30s, 100ms}, 2);
  CHECK(one.next() != other.next());
}
