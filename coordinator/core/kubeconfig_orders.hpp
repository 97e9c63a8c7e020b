#pragma once

#include "coordinator/core/audit.hpp"
#include "coordinator/core/group_commit.hpp"
#include "coordinator/core/postman.hpp"
#include "coordinator/core/waits.hpp"
#include "coordinator/registry/registry.hpp"
#include "kagent/v1/agent.pb.h"

#include <chrono>
#include <functional>
#include <string>

namespace kagent::coordinator {

// `kagentctl kubeconfig`: a control plane signs a certificate for a key that kagentctl has made.
// Nothing secret passes here, and nothing is kept.
class KubeconfigOrders {
 public:
  struct Issued {
    std::string user;
    std::string api_server;
    std::string ca_certificates, certificate;  // PEM
  };
  using Done = std::function<void(Result<Issued>)>;

  KubeconfigOrders(Registry& registry, Postman& postman, GroupCommit& commit, Audit& audit)
      : registry_(registry), postman_(postman), commit_(commit), audit_(audit) {}

  // `lifetime`: 0 means 8 hours; 7 days at most. Answers within 10 s. Errors: invalid_argument;
  // failed_precondition (no cluster yet); unavailable; deadline_exceeded; of the audit log.
  void issue(const std::string& csr, std::chrono::seconds lifetime, const Caller& caller,
             Done done);
  void answered(const std::string& node, v1::KubeconfigReply reply);

  void expire(std::chrono::steady_clock::time_point now) { waits_.expire(now); }
  void fail_all(const Error& why) { waits_.fail_all(why); }

 private:
  Registry& registry_;
  Postman& postman_;
  GroupCommit& commit_;
  Audit& audit_;
  Waits<v1::KubeconfigReply> waits_;  // by the serial of the order
};

}  // namespace kagent::coordinator
