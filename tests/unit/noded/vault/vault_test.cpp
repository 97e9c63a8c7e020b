#include "agent/noded/vault/vault.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/trust/envelope.hpp"
#include "agent/common/trust/pki.hpp"
#include "tests/support/result.hpp"
#include "tests/support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <functional>

namespace kagent::noded {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

struct Fixture {
  Fixture() {
    const auto ca_key = *pki::generate_key();
    signer.cas = {*pki::make_ca(ca_key, "cluster")};
    signer.key = *pki::generate_key();
    pki::IssueRequest request;
    request.subject = {std::string(pki::signer_organization), "signer"};
    request.use = pki::Use::envelope_signing;
    request.lifetime = 24h;
    signer.certificate = *pki::issue(request, signer.key, signer.cas.front(), ca_key);
    std::filesystem::create_directory(folder / "state");
    std::filesystem::create_directory(folder / "run");
  }

  v1::EnvelopePayload payload(std::uint64_t serial) {
    v1::EnvelopePayload made;
    made.set_format(1);
    made.set_cluster_id("cluster");
    made.set_node_id("node-1");
    made.set_serial(serial);
    made.mutable_expires_at()->set_seconds(system_clock::to_time_t(system_clock::now() + 10min));
    return made;
  }
  Result<Accepted> submit(const v1::EnvelopePayload& made) {
    const auto envelope = *sign_envelope(made, signer);
    last = envelope.SerializeAsString();
    return vault.submit(last, trust(), system_clock::now());
  }
  [[nodiscard]] Trust trust() const { return {*pki::spki_sha256(signer.cas.front()), "node-1"}; }

  Result<Accepted> assign(std::uint64_t serial) {
    auto made = payload(serial);
    made.mutable_assignment()->set_role("worker");
    made.mutable_assignment()->mutable_cluster_config()->set_pod_cidr("10.9.0.0/16");
    return submit(made);
  }
  Result<Accepted> order_reset(std::uint64_t serial) {
    auto made = payload(serial);
    made.mutable_reset()->set_reason("by joe");
    return submit(made);
  }

  TemporaryFolder folder;
  EnvelopeSigner signer;
  Vault vault{folder / "state", folder / "run"};
  std::string last;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "A reset order ends the assignment and the grant from before it") {
  REQUIRE(assign(1));
  auto grant = payload(2);
  grant.mutable_join_grant()->set_api_server("10.0.0.1:6443");
  grant.mutable_join_grant()->set_ca_certificates(*pki::to_pem(signer.cas.front()));
  grant.mutable_join_grant()->set_bootstrap_token("abcdef.0123456789abcdef");
  *grant.mutable_join_grant()->mutable_token_expires_at() = grant.expires_at();
  REQUIRE(submit(grant));
  REQUIRE(vault.grant(system_clock::now()));
  REQUIRE(order_reset(3)->kind == "reset");
  CHECK_FALSE(vault.assignment());
  CHECK(vault.assignment_serial() == 0);
  CHECK_FALSE(vault.grant(system_clock::now()));
  CHECK(vault.reset().serial == 3);
  CHECK_FALSE(vault.reset().done);
  CHECK(vault.last_cluster_config()->pod_cidr() == "10.9.0.0/16");  // the configuration to undo

  // The reset is done, and a new assignment arrives.
  REQUIRE(write_file_atomic(folder / "state/reset-done", "3\n", 0600));
  CHECK(vault.reset().done);
  CHECK(vault.assignment_serial() == 0);
  REQUIRE(assign(4));
  CHECK(vault.assignment_serial() == 4);
  // A second ResetOrder has a serial of its own.
  REQUIRE(order_reset(5));
  CHECK_FALSE(vault.reset().done);
  CHECK_FALSE(vault.assignment());
}

TEST_CASE_METHOD(Fixture, "T15 a reset order that was carried out is not carried out again") {
  REQUIRE(order_reset(3));
  const std::string order = last;
  REQUIRE(write_file_atomic(folder / "state/reset-done", "3\n", 0600));
  REQUIRE(assign(4));
  // The last envelope of a kind is accepted again and changes nothing; an older one is refused.
  CHECK(vault.submit(order, trust(), system_clock::now()));
  CHECK(vault.reset().done);
  CHECK(vault.assignment_serial() == 4);
  REQUIRE(order_reset(5));
  CHECK(vault.submit(order, trust(), system_clock::now()).error().code() ==
        Errc::permission_denied);
  CHECK(vault.reset().serial == 5);
}

TEST_CASE_METHOD(Fixture,
                 "F20: orders of a newer coordinator: what is new in them is not in the way") {
  const auto add_unknown = [](google::protobuf::Message& message) {
    message.GetReflection()->MutableUnknownFields(&message)->AddVarint(1000, 1);
  };
  auto made = payload(1);
  made.mutable_assignment()->set_role("worker");
  add_unknown(made);
  add_unknown(*made.mutable_assignment());
  add_unknown(*made.mutable_assignment()->mutable_cluster_config());
  REQUIRE(submit(made)->kind == "assignment");
  CHECK(vault.assignment()->role() == "worker");
  // An unknown kind is refused, and the next envelope is accepted.
  auto unheard = payload(2);
  add_unknown(unheard);
  CHECK(submit(unheard).error().message().find("kind") != std::string::npos);
  CHECK(assign(3)->serial == 3);
}

// What a compromised kagentd may try with an order that it has seen.
TEST_CASE_METHOD(Fixture, "T15 An order that was carried out is not carried out again") {
  CHECK(vault.take_kubeconfig_order().error().code() == Errc::not_found);
  CHECK(vault.take_upload_order().error().code() == Errc::not_found);
  CHECK(vault.take_etcd_member_order().error().code() == Errc::not_found);
  auto made = payload(3);
  std::function<Result<>()> take;
  const auto done = [](auto taken) { return taken ? Result<>() : Result<>(taken.error()); };
  std::string kind;
  SECTION("a kubeconfig") {
    made.mutable_kubeconfig()->set_user("joe");
    kind = "kubeconfig";
    take = [&] { return done(vault.take_kubeconfig_order()); };
  }
  SECTION("an upload of certificates") {
    made.mutable_upload()->set_node_id("i-2");
    kind = "upload";
    take = [&] { return done(vault.take_upload_order()); };
  }
  SECTION("an etcd member taken out") {
    made.mutable_etcd_member()->set_node_name("node-2");
    kind = "etcd-member";
    take = [&] { return done(vault.take_etcd_member_order()); };
  }
  REQUIRE(submit(made)->kind == kind);
  const std::string order = last;
  CHECK(vault.submit(order, trust(), system_clock::now()));  // its answer was lost
  CHECK(take());
  CHECK(take().error().code() == Errc::not_found);
  CHECK(vault.submit(order, trust(), system_clock::now()));
  CHECK(take().error().code() == Errc::not_found);
  vault = Vault(folder / "state", folder / "run");  // noded exits when idle
  CHECK(vault.submit(order, trust(), system_clock::now()));
  CHECK(take().error().code() == Errc::not_found);
  made.set_serial(4);
  REQUIRE(submit(made));
  CHECK(take());
}

}  // namespace kagent::noded
