#pragma once

#include "coordinator/admission/limits.hpp"
#include "coordinator/authority/authority.hpp"
#include "coordinator/core/applications.hpp"
#include "coordinator/core/audit.hpp"
#include "coordinator/core/certificates.hpp"
#include "coordinator/core/group_commit.hpp"
#include "coordinator/core/postman.hpp"
#include "coordinator/core/watchers.hpp"
#include "kagent/v1/agent.pb.h"

#include <functional>
#include <string>
#include <unordered_map>

namespace kagent::coordinator {

// How a machine becomes a node and how a node renews its certificate.
class Enrolments {
 public:
  // `throttled` is a part of `refused`.
  struct Counts {
    std::uint64_t accepted = 0, refused = 0, throttled = 0;
  };

  Enrolments(const Authority& authority, Registry& registry, Store& store, Doorkeeper& door,
             Applications& applications, Certificates& certificates, Postman& postman,
             GroupCommit& commit, const Watchers& watchers, Audit& audit)
      : authority_(authority),
        registry_(registry),
        store_(store),
        door_(door),
        applications_(applications),
        certificates_(certificates),
        postman_(postman),
        commit_(commit),
        watchers_(watchers),
        audit_(audit) {}

  [[nodiscard]] v1::ChallengeResponse challenge() const;
  // `done` is called once, on the loop, when the answer is on disk. Idempotent for the same key.
  // Errors: as in agent.proto for Enroll.
  using Done = std::function<void(Result<v1::EnrollResponse>)>;
  void enroll(const v1::EnrollRequest& request, const Caller& caller, Done done);

  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  // Errors: resource_exhausted: the caller must wait.
  Result<> may_ask(const Caller& caller, Now at) const;
  [[nodiscard]] Result<Applicant> applicant_of(const v1::EnrollRequest& request,
                                               const Caller& caller) const;
  Result<> may_renew(const Applicant& applicant, Now at);
  // Binds the node id to the applicant's key.
  Result<Pass> admit(const Applicant& applicant, Now at);
  [[nodiscard]] Result<> has_room(const Caller& caller, Now at) const;
  [[nodiscard]] bool is_node(const Caller& caller) const;
  Result<v1::EnrollResponse> certify(const Applicant& applicant);
  void refuse(AuditEntry& entry, const Caller& caller, const Error& error);

  const Authority& authority_;
  Registry& registry_;
  Store& store_;
  Doorkeeper& door_;
  Applications& applications_;
  Certificates& certificates_;
  Postman& postman_;
  GroupCommit& commit_;
  const Watchers& watchers_;
  Audit& audit_;
  Strangers strangers_;
  Newcomers newcomers_;
  std::unordered_map<std::string, Bucket> renewals_;  // by node id
  Counts counts_;
};

}  // namespace kagent::coordinator
