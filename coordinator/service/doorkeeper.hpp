#pragma once

#include "agent/base/error.hpp"
#include "coordinator/attest/challenge.hpp"
#include "coordinator/attest/region_certificates.hpp"
#include "coordinator/registry/model.hpp"
#include "coordinator/service/peer.hpp"
#include "kagent/v1/agent.pb.h"
#include "kagent/v1/config.pb.h"

#include <set>
#include <string>
#include <vector>

namespace kagent::coordinator {

// One enrolment, its CSR verified.
struct Applicant {
  const v1::EnrollRequest& request;
  const Caller& caller;
  pki::Key key;
  std::string key_sha256;
  bool bound = false;  // to this key, already
};

// Decides who may enrol: by certificate, token, EC2's word or an administrator's.
class Doorkeeper {
 public:
  // `ca_sha256`: of the CA that nodes are told of. `token_hashes`: SHA-256 in hexadecimal.
  Doorkeeper(std::string ca_sha256, std::vector<std::string> token_hashes);

  void configure(v1::EnrolmentConfig config, attest::RegionCertificates certificates);

  [[nodiscard]] v1::ChallengeResponse challenge(Now now) const;
  // Errors: as in agent.proto for Enroll, with what to do.
  Result<> admit(const Applicant& applicant, Now now);

 private:
  [[nodiscard]] Result<> check_token(const std::string& token) const;
  Result<> check_instance(const Applicant& applicant, Now now);

  std::string ca_sha256_;
  std::set<std::string> token_hashes_;
  v1::EnrolmentConfig config_;
  attest::RegionCertificates certificates_;
  attest::Challenges challenges_;
};

}  // namespace kagent::coordinator
