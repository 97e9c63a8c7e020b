#include "agent/common/trust/enrolment_proof.hpp"
#include "kagent/v1/agent.grpc.pb.h"
#include "tests/integration/coordinator/administrator.hpp"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/support/ec2_signer.hpp"
#include "tests/support/result.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <thread>

using namespace kagent;
using namespace kagent::coordinator;

namespace {

constexpr char by_ec2[] = R"(
enrolment:
  attestation: ec2
  withoutToken: true
  ec2:
    accounts: ["123456789012"]
    regions: [eu-central-1]
    certificates: FOLDER/certificates
)";
constexpr char by_approval[] = "enrolment: {attestation: approve}\n";

struct Cloud {
  Ec2Signer aws;
  RunningCoordinator coordinator;

  Cloud() {
    aws.publish(coordinator.folder() / "certificates", "eu-central-1");
    coordinator.write_config(by_ec2);
    REQUIRE(coordinator.reload());
  }
  [[nodiscard]] std::string word_for(const std::string& id) const {
    return aws.sign(Ec2Signer::document(id, "eu-central-1"));
  }
};

}  // namespace

TEST_CASE("An instance of ours enrols by EC2's word alone, and comes back by its key alone") {
  const Cloud cloud;
  FakeNode node(cloud.coordinator, "i-1");
  CHECK(node.challenge().ec2_identity());
  CHECK(node.enrol("").error_code() == grpc::StatusCode::PERMISSION_DENIED);
  REQUIRE(node.enrol("", cloud.word_for("i-1")).ok());
  CHECK(node.enrol("").ok());
}

TEST_CASE("T1 T3 EC2's word for another instance, or of another account or place, is refused") {
  const Cloud cloud;
  FakeNode node(cloud.coordinator, "i-1");
  const auto refused = [&](const std::string& document) {
    return node.enrol("", cloud.aws.sign(document)).error_code() ==
           grpc::StatusCode::PERMISSION_DENIED;
  };
  CHECK(refused(Ec2Signer::document("i-2", "eu-central-1")));
  CHECK(refused(Ec2Signer::document("i-1", "eu-west-1")));
  CHECK(refused(Ec2Signer::document("i-1", "eu-central-1", "10.9.9.9")));
  std::string strange = Ec2Signer::document("i-1", "eu-central-1");
  strange.replace(strange.find("123456789012"), 12, "999999999999");
  CHECK(refused(strange));
  CHECK(node.certificate().empty());
}

TEST_CASE("T5 A nonce that was used, or never given, lets nobody in") {
  const Cloud cloud;
  FakeNode node(cloud.coordinator, "i-1");
  FakeNode other(cloud.coordinator, "i-2");
  const std::string nonce = node.challenge().nonce();
  REQUIRE(node.enrol("", cloud.word_for("i-1"), "", nonce).ok());
  CHECK(other.enrol("", cloud.word_for("i-2"), "", nonce).error_code() ==
        grpc::StatusCode::UNAVAILABLE);
  CHECK(other.enrol("", cloud.word_for("i-2"), "", "1.2.3").error_code() ==
        grpc::StatusCode::UNAVAILABLE);
  CHECK(other.enrol("", cloud.word_for("i-2")).ok());
}

TEST_CASE("T7 What a node signs for another cluster is worth nothing here") {
  const Cloud cloud;
  const RunningCoordinator theirs;
  FakeNode node(cloud.coordinator, "i-1");
  CHECK(node.enrol("", cloud.word_for("i-1"), theirs.ca_sha256()).error_code() ==
        grpc::StatusCode::PERMISSION_DENIED);
}

TEST_CASE("T4 The first to claim an instance keeps it; the second is refused and shown") {
  Cloud cloud;
  FakeNode first(cloud.coordinator, "i-1");
  FakeNode second(cloud.coordinator, "i-1");
  REQUIRE(first.enrol("", cloud.word_for("i-1")).ok());
  const grpc::Status late = second.enrol("", cloud.word_for("i-1"));
  CHECK(late.error_code() == grpc::StatusCode::ALREADY_EXISTS);
  CHECK(late.error_message().find("kagentctl forget i-1") != std::string::npos);
  auto client = administrator(cloud.coordinator);
  const auto shown = client->get_node("i-1");
  REQUIRE(shown);
  CHECK(shown->rival().key_sha256() == second.key_sha256());
  CHECK(shown->rival().address().find("127.0.0.1") != std::string::npos);

  // The administrator finds that the first was the thief.
  first.open();
  REQUIRE(first.next(v1::CoordinatorMessage::kWelcome));
  REQUIRE(client->forget_node("i-1", ""));
  CHECK_FALSE(first.next(v1::CoordinatorMessage::kLogRequest));
  CHECK(first.close().error_code() == grpc::StatusCode::UNAUTHENTICATED);
  CHECK(first.enrol("", cloud.word_for("i-1")).error_code() == grpc::StatusCode::PERMISSION_DENIED);
  cloud.coordinator.stop();
  cloud.coordinator.start();
  CHECK(first.enrol("", cloud.word_for("i-1")).error_code() == grpc::StatusCode::PERMISSION_DENIED);
  REQUIRE(second.enrol("", cloud.word_for("i-1")).ok());
  second.open();
  CHECK(second.next(v1::CoordinatorMessage::kWelcome));
}

TEST_CASE("T6 Of a thousand that claim one instance at once, one gets it") {
  const Cloud cloud;
  const std::string word = cloud.word_for("i-1");
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = cloud.coordinator.ca_pem();
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(std::string(pki::coordinator_server_name));
  const auto channel = grpc::CreateCustomChannel(cloud.coordinator.address(),
                                                 grpc::SslCredentials(options), arguments);
  const std::string ca_sha256 = cloud.coordinator.ca_sha256();
  std::atomic<int> won = 0, lost = 0;
  const auto race = [&] {
    const auto stub = v1::Agent::NewStub(channel);
    for (int i = 0; i < 125; ++i) {
      const pki::Key key = pki::generate_key().value();
      grpc::ClientContext asking, enrolling;
      v1::ChallengeResponse challenge;
      if (!stub->Challenge(&asking, {}, &challenge).ok()) continue;
      v1::EnrollRequest request;
      request.set_node_id("i-1");
      request.set_csr(pki::make_csr(key, "i-1").value());
      request.mutable_instance()->set_nonce(challenge.nonce());
      request.mutable_instance()->set_rsa2048(word);
      request.mutable_instance()->set_signature(
          pki::sign_sha256(key, enrolment_statement(ca_sha256, challenge.nonce(), "i-1", word))
              .value());
      v1::EnrollResponse response;
      const grpc::Status status = stub->Enroll(&enrolling, request, &response);
      if (status.ok()) ++won;
      // Who has lost too often is not listened to any more.
      if (status.error_code() == grpc::StatusCode::ALREADY_EXISTS ||
          status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED)
        ++lost;
    }
  };
  std::vector<std::jthread> racers;
  for (int i = 0; i < 8; ++i) racers.emplace_back(race);
  racers.clear();
  CHECK(won == 1);
  CHECK(lost == 999);
}

TEST_CASE("A node that waits for approval is listed, and let in by an administrator's word") {
  RunningCoordinator coordinator(by_approval);
  FakeNode node(coordinator, "node-1");
  auto client = administrator(coordinator);
  CHECK(node.enrol("").error_code() == grpc::StatusCode::UNAUTHENTICATED);
  CHECK(client->list_claims()->claims_size() == 0);  // who has no token does not wait

  const grpc::Status waits = node.enrol(coordinator.token());
  CHECK(waits.error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK(waits.error_message().find("kagentctl approve node-1") != std::string::npos);
  REQUIRE(client->list_claims()->claims_size() == 1);
  CHECK(client->list_claims()->claims(0).key_sha256() == node.key_sha256());
  CHECK(client->approve_node("node-2", "").error().code() == Errc::not_found);

  FakeNode other(coordinator, "node-1");
  CHECK_FALSE(other.enrol(coordinator.token()).ok());
  CHECK(client->approve_node("node-1", "").error().code() == Errc::failed_precondition);
  CHECK(client->approve_node("node-1", "00000000").error().code() == Errc::not_found);
  REQUIRE(client->approve_node("node-1", node.key_sha256().substr(0, 8)));
  CHECK(node.enrol(coordinator.token()).ok());
  CHECK(other.enrol(coordinator.token()).error_code() == grpc::StatusCode::ALREADY_EXISTS);
}

TEST_CASE("A configuration whose certificates are missing is refused, the old one stays") {
  RunningCoordinator coordinator;
  coordinator.write_config(by_ec2);
  const auto reloaded = coordinator.reload();
  REQUIRE_FALSE(reloaded);
  CHECK(reloaded.error().message().find("REGION.pem") != std::string::npos);
  FakeNode node(coordinator, "i-1");
  CHECK(node.enrol(coordinator.token()).ok());
}
