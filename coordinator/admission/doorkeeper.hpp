#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/admission/challenge.hpp"
#include "coordinator/admission/peer.hpp"
#include "coordinator/admission/region_certificates.hpp"
#include "coordinator/admission/tokens.hpp"
#include "coordinator/registry/model.hpp"
#include "kagent/v1/agent.pb.h"
#include "kagent/v1/config.pb.h"

#include <string>
#include <vector>

namespace kagent::coordinator {

// One enrolment request with a verified CSR.
struct Applicant {
  const v1::EnrollRequest& request;
  const Caller& caller;
  pki::Key key;
  std::string key_sha256;
  bool bound = false;  // the node id is bound to this key already
};

// What let an applicant in.
struct Pass {
  std::string token;                        // id of the token that was shown; empty: none
  WantedRole role = WantedRole::automatic;  // the token's role, which overrides the request
  bool waits = false;                       // for an administrator's approval
};

// Decides who may enrol: by certificate, token, EC2 identity document or an administrator's
// approval.
class Doorkeeper {
 public:
  // `pins`: hashes of the CAs that user-data may name.
  Doorkeeper(std::vector<std::string> pins, Tokens tokens);

  void configure(v1::EnrolmentConfig config, attest::RegionCertificates certificates);

  [[nodiscard]] v1::ChallengeResponse challenge(Now now) const;
  // Errors: as in agent.proto for Enroll; each message says what to do.
  Result<Pass> admit(const Applicant& applicant, Now now);
  [[nodiscard]] const std::string& attestation() const { return config_.attestation(); }
  [[nodiscard]] const v1::EnrolmentConfig& config() const { return config_; }
  Tokens& tokens() { return tokens_; }
  [[nodiscard]] const Tokens& tokens() const { return tokens_; }

 private:
  Result<> check_instance(const Applicant& applicant, Now now);

  std::vector<std::string> pins_;
  Tokens tokens_;
  v1::EnrolmentConfig config_;
  attest::RegionCertificates certificates_;
  attest::Challenges challenges_;
};

}  // namespace kagent::coordinator
