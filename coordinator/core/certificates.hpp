#pragma once

#include "coordinator/authority/authority.hpp"
#include "coordinator/registry/registry.hpp"
#include "kagent/v1/admin.pb.h"

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace kagent::coordinator {

// The certificates of the coordinator and of the nodes: when each expires and is renewed.
class Certificates {
 public:
  explicit Certificates(const Authority& authority);

  void start(std::chrono::system_clock::time_point now) { started_at_ = now; }
  // The client certificate that a node has shown or was given last.
  void seen(const std::string& node, const pki::Validity& validity) { nodes_[node] = validity; }
  [[nodiscard]] v1::ListCertificatesResponse list(const Registry& registry) const;

  // Why the coordinator must restart now, which renews its certificates and drops expired CAs; each
  // reason only once.
  std::optional<Error> restart_reason(std::chrono::system_clock::time_point now);

 private:
  const Authority& authority_;
  std::vector<OwnCertificate> own_;
  std::unordered_map<std::string, pki::Validity> nodes_;  // by node id
  std::chrono::system_clock::time_point started_at_;
};

}  // namespace kagent::coordinator
