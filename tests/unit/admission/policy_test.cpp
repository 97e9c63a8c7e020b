#include "coordinator/admission/policy.hpp"
#include "tests/support/result.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent;
using namespace kagent::attest;
using namespace std::chrono_literals;

namespace {

const auto noon =
    std::chrono::system_clock::time_point(std::chrono::sys_days(std::chrono::year_month_day(
        std::chrono::year(2026), std::chrono::month(5), std::chrono::day(1))));

IdentityDocument document() {
  return {"i-1",   "111122223333", "eu-central-1", "eu-central-1a",
          "ami-1", "t3.medium",    "10.0.0.5",     noon};
}
Claim claim() {
  return {"i-1", "10.0.0.5", noon + 1min};
}
Ec2Policy policy() {
  return {{"111122223333"}, {"eu-central-1"}, {"ami-1"}, {"t3.medium"}, 1h, true};
}

}  // namespace

TEST_CASE("What the policy names is let in") {
  CHECK(allow(policy(), document(), claim()));
  CHECK(allow({{"111122223333"}, {}, {}, {}, 1h, true}, document(), claim()));
}

TEST_CASE("T1 Somebody else's account, region, image or type is refused, and no account is all") {
  auto refused = [](auto change) {
    IdentityDocument other = document();
    change(other);
    return !allow(policy(), other, claim());
  };
  CHECK(refused([](auto& d) { d.account_id = "999999999999"; }));
  CHECK(refused([](auto& d) { d.region = "us-east-1"; }));
  CHECK(refused([](auto& d) { d.image_id = "ami-2"; }));
  CHECK(refused([](auto& d) { d.instance_type = "p5.48xlarge"; }));
  CHECK(refused([](auto& d) { d.instance_id = "i-2"; }));
  CHECK(refused([](auto& d) { d.private_ip = "10.0.0.6"; }));
  CHECK_FALSE(allow({}, document(), claim()));
}

TEST_CASE("T5 An old document lets nobody in for the first time") {
  Claim late = claim();
  late.now = noon + 1h + 1s;
  CHECK_FALSE(allow(policy(), document(), late));
  Claim early = claim();
  early.now = noon - 4min;
  CHECK(allow(policy(), document(), early));
  early.now = noon - 6min;
  CHECK_FALSE(allow(policy(), document(), early));
}
