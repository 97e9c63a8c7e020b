#include "agent/common/trust/ca_succession.hpp"

#include "tests/support/result.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent;
using namespace std::chrono_literals;

namespace {

struct Ca {
  pki::Key key = *pki::generate_key();
  pki::Certificate certificate = *pki::make_ca(key, "cluster");
  std::string pin = *pki::spki_sha256(certificate);

  [[nodiscard]] pki::Certificate vouch_for(const Ca& next, std::chrono::seconds time = 1h) const {
    return *vouch_for_successor(certificate, key, next.key, time);
  }
};

const auto now = std::chrono::system_clock::now();

std::string in_force(const std::vector<pki::Certificate>& all, const Ca& pinned,
                     std::chrono::system_clock::time_point at = now) {
  const auto line = ca_succession(all, pinned.pin, at);
  return line ? *pki::spki_sha256(line->back()) : "none";
}

}  // namespace

TEST_CASE("A pin leads to the CA in force, through as many as there were") {
  const Ca first, second, third;
  const std::vector all{third.certificate, second.vouch_for(third), second.certificate,
                        first.vouch_for(second), first.certificate};
  CHECK(in_force(all, first) == third.pin);
  CHECK(in_force(all, second) == third.pin);
  CHECK(in_force(all, third) == third.pin);
  CHECK(ca_succession(all, first.pin, now)->size() == 3);
}

TEST_CASE("Only what the pinned CA itself has signed leads on, for its time") {
  const Ca pinned, stranger, next;
  CHECK(in_force({next.certificate, stranger.vouch_for(next), pinned.certificate}, pinned) ==
        pinned.pin);
  CHECK(in_force({next.certificate, stranger.vouch_for(next), stranger.certificate}, pinned) ==
        "none");
  const std::vector all{next.certificate, pinned.vouch_for(next), pinned.certificate};
  CHECK(in_force(all, pinned, now + 59min) == next.pin);
  CHECK(in_force(all, pinned, now + 61min) == pinned.pin);
  // What it has issued for another purpose is no voucher, whomever it is for.
  const auto signer = pki::issue(
      {{std::string(pki::signer_organization), "coordinator"}, pki::Use::envelope_signing, 1h, {}},
      next.key, pinned.certificate, pinned.key);
  const auto client =
      pki::issue({{std::string(successor_organization), "x"}, pki::Use::client, 1h, {}}, next.key,
                 pinned.certificate, pinned.key);
  CHECK(in_force({next.certificate, *signer, *client, pinned.certificate}, pinned) == pinned.pin);
}

TEST_CASE("CAs that vouch for each other in a circle, or for themselves, end nothing") {
  const Ca one, other;
  CHECK(ca_succession(
      std::vector{one.certificate, one.vouch_for(other), other.certificate, other.vouch_for(one)},
      one.pin, now));
  CHECK(in_force({one.certificate, one.vouch_for(one)}, one) == one.pin);
  CHECK_FALSE(ca_succession({}, one.pin, now));
  CHECK_FALSE(ca_succession(std::vector(33, one.certificate), one.pin, now));
}
