#include "coordinator/admission/challenge.hpp"
#include "tests/support/result.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent::attest;
using namespace std::chrono_literals;

TEST_CASE("T5 A nonce serves once, for a minute, and only where it was given") {
  const auto now = Challenges::Clock::now();
  Challenges challenges;
  const std::string nonce = challenges.issue(now);
  CHECK(challenges.issue(now) != nonce);
  CHECK(challenges.spend(nonce, now + 59s));
  CHECK_FALSE(challenges.spend(nonce, now + 59s));
  CHECK_FALSE(challenges.spend(nonce, now + 61s));
  CHECK_FALSE(challenges.spend(challenges.issue(now), now + 61s));
  CHECK_FALSE(challenges.spend(Challenges().issue(now), now));
  for (const char* forged : {"", ".", "1.2.3", "99999999999999.00.", "x"})
    CHECK_FALSE(challenges.spend(forged, now));
  std::string later = challenges.issue(now);
  later[0] = later[0] == '9' ? '8' : '9';
  CHECK_FALSE(challenges.spend(later, now));
}

TEST_CASE("T17 Nonces that nobody spends take no memory, spent ones a minute's worth") {
  auto now = Challenges::Clock::now();
  Challenges challenges;
  for (int i = 0; i < 10'000; ++i) (void)challenges.issue(now);
  CHECK(challenges.remembered() == 0);
  for (int i = 0; i < 300; ++i) {
    CHECK(challenges.spend(challenges.issue(now), now));
    now += 1s;
  }
  CHECK(challenges.remembered() <= 61);
}
