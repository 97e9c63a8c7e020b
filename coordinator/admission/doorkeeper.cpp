#include "coordinator/admission/doorkeeper.hpp"

#include "agent/common/trust/enrolment_proof.hpp"
#include "agent/common/trust/pki.hpp"
#include "coordinator/admission/instance_identity.hpp"
#include "coordinator/admission/policy.hpp"

namespace kagent::coordinator {
namespace {

using Strings = google::protobuf::RepeatedPtrField<std::string>;

std::vector<std::string> list(const Strings& strings) {
  return {strings.begin(), strings.end()};
}

attest::Ec2Policy policy_of(const v1::Ec2Config& config) {
  return {list(config.accounts()),
          list(config.regions()),
          list(config.images()),
          list(config.instance_types()),
          std::chrono::seconds(config.max_age_seconds()),
          !config.any_address()};
}

}  // namespace

Doorkeeper::Doorkeeper(std::vector<std::string> pins, Tokens tokens)
    : pins_(std::move(pins)), tokens_(std::move(tokens)) {}

void Doorkeeper::configure(v1::EnrolmentConfig config, attest::RegionCertificates certificates) {
  config_ = std::move(config);
  certificates_ = std::move(certificates);
}

v1::ChallengeResponse Doorkeeper::challenge(Now now) const {
  v1::ChallengeResponse response;
  response.set_nonce(challenges_.issue(now.steady));
  response.set_ec2_identity(config_.attestation() == "ec2");
  return response;
}

Result<Pass> Doorkeeper::admit(const Applicant& applicant, Now now) {
  // The key is the node's identity from then on, longer than any token or certificate.
  if (applicant.bound) return Pass{};
  Pass pass;
  if (!config_.without_token() || !applicant.request.token().empty()) {
    const auto token = tokens_.find(applicant.request.token(), now);
    if (!token) return token.error();
    pass = {token->id, token->role, false};
  }
  if (config_.attestation() == "ec2")
    if (auto checked = check_instance(applicant, now); !checked) return checked.error();
  pass.waits = config_.attestation() == "approve";
  return pass;
}

Result<> Doorkeeper::check_instance(const Applicant& applicant, Now now) {
  const v1::EnrollRequest& request = applicant.request;
  const v1::InstanceProof& proof = request.instance();
  if (proof.rsa2048().empty())
    return Error(Errc::permission_denied,
                 "the instance identity document of EC2 is needed (enrolment.attestation is ec2), "
                 "and this machine has shown none");
  const bool is_for_us = std::ranges::any_of(pins_, [&](const std::string& pin) {
    const std::string statement =
        enrolment_statement(pin, proof.nonce(), request.node_id(), proof.rsa2048());
    return pki::verify_sha256(applicant.key, statement, proof.signature());
  });
  if (!is_for_us)
    return Error(Errc::permission_denied,
                 "instance identity: what the node has signed is not for this cluster, this nonce "
                 "and this document");
  const auto document = attest::verify_instance_identity(proof.rsa2048(), certificates_);
  if (!document) return document.error();
  if (auto spent = challenges_.spend(proof.nonce(), now.steady); !spent) return spent;
  return attest::allow(policy_of(config_.ec2()), *document,
                       {request.node_id(), applicant.caller.ip, now.wall});
}

}  // namespace kagent::coordinator
