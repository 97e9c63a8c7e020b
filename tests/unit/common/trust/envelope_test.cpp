#include "agent/common/trust/envelope.hpp"

#include <catch2/matchers/catch_matchers_string.hpp>
#include "tests/support/result.hpp"

#include "kagent/v1/envelope.pb.h"

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using kagent::EnvelopeExpectation;
using kagent::EnvelopeSigner;
namespace pki = kagent::pki;
using Clock = std::chrono::system_clock;

namespace {

EnvelopeSigner make_signer(std::string_view organization = pki::signer_organization,
                           pki::Use use = pki::Use::envelope_signing) {
  const auto ca_key = *pki::generate_key();
  EnvelopeSigner signer;
  signer.cas = {*pki::make_ca(ca_key, "cluster")};
  signer.key = *pki::generate_key();
  pki::IssueRequest request;
  request.subject = {std::string(organization), "signer"};
  request.use = use;
  request.lifetime = 24h;
  signer.certificate = *pki::issue(request, signer.key, signer.cas.front(), ca_key);
  return signer;
}

kagent::v1::EnvelopePayload payload() {
  kagent::v1::EnvelopePayload result;
  result.set_format(1);
  result.set_cluster_id("cluster");
  result.set_node_id("node-1");
  result.set_serial(5);
  result.mutable_expires_at()->set_seconds(Clock::to_time_t(Clock::now() + 10min));
  result.mutable_assignment()->set_role("worker");
  return result;
}

EnvelopeExpectation expect(const EnvelopeSigner& signer) {
  EnvelopeExpectation expected;
  expected.ca_sha256 = *pki::spki_sha256(signer.cas.front());
  expected.node_id = "node-1";
  expected.cluster_id = "cluster";
  expected.after_serial = 4;
  expected.now = Clock::now();
  return expected;
}

std::string refusal(const kagent::v1::SignedEnvelope& envelope,
                    const EnvelopeExpectation& expected) {
  const auto opened = kagent::open_envelope(envelope.SerializeAsString(), expected);
  return opened ? "not refused" : opened.error().message();
}

}  // namespace

TEST_CASE("an envelope for this node is opened") {
  const auto signer = make_signer();
  const auto envelope = *kagent::sign_envelope(payload(), signer);
  const auto opened = kagent::open_envelope(envelope.SerializeAsString(), expect(signer));
  REQUIRE(opened);
  CHECK(opened->assignment().role() == "worker");
}

TEST_CASE("T14 a forged envelope is refused") {
  const auto signer = make_signer();
  auto envelope = *kagent::sign_envelope(payload(), signer);
  SECTION("changed payload") {
    auto changed = payload();
    changed.mutable_assignment()->set_role("control-plane");
    envelope.set_payload(changed.SerializeAsString());
    CHECK_THAT(refusal(envelope, expect(signer)), ContainsSubstring("signature"));
  }
  SECTION("another CA") {
    CHECK_THAT(refusal(*kagent::sign_envelope(payload(), make_signer()), expect(signer)),
               ContainsSubstring("user-data names"));
  }
  SECTION("the right CA beside somebody else's signer") {
    auto forged = *kagent::sign_envelope(payload(), make_signer());
    forged.set_certificate_chain(1, envelope.certificate_chain(1));
    CHECK_THAT(refusal(forged, expect(signer)), ContainsSubstring("does not verify"));
  }
  SECTION("signed with a node's certificate of the same CA") {
    const auto node = make_signer(pki::node_organization, pki::Use::client);
    CHECK_THAT(refusal(*kagent::sign_envelope(payload(), node), expect(node)),
               ContainsSubstring("not for this use"));
  }
  SECTION("an organization that may not sign") {
    const auto node = make_signer(pki::node_organization);
    CHECK_THAT(refusal(*kagent::sign_envelope(payload(), node), expect(node)),
               ContainsSubstring("may not sign"));
  }
}

TEST_CASE("T15 a replayed or misdirected envelope is refused") {
  const auto signer = make_signer();
  const auto envelope = *kagent::sign_envelope(payload(), signer);
  auto expected = expect(signer);
  SECTION("serial seen") {
    expected.after_serial = 5;
    CHECK_THAT(refusal(envelope, expected), ContainsSubstring("serial 5"));
  }
  SECTION("another node") {
    expected.node_id = "node-2";
    CHECK_THAT(refusal(envelope, expected), ContainsSubstring("for node node-1"));
  }
  SECTION("another cluster") {
    expected.cluster_id = "other";
    CHECK_THAT(refusal(envelope, expected), ContainsSubstring("cluster"));
  }
  SECTION("expired") {
    expected.now += 11min;
    CHECK_THAT(refusal(envelope, expected), ContainsSubstring("expired"));
  }
}

TEST_CASE("T16 what is not an envelope is refused") {
  const auto expected = expect(make_signer());
  CHECK(!kagent::open_envelope("", expected));
  CHECK(!kagent::open_envelope("nonsense", expected));
  CHECK(!kagent::open_envelope(std::string(300 * 1024, 'x'), expected));
}
