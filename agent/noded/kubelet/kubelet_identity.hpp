#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/failure/failure.hpp"
#include "agent/noded/step/context.hpp"

#include <chrono>
#include <optional>
#include <string>

// The certificate with which kubelet speaks to the API server, as /etc/kubernetes/kubelet.conf
// names it (inline or by path).
namespace kagent::noded {

struct KubeletIdentity {
  std::string common_name;       // "system:node:NAME"
  bool of_this_cluster = false;  // issued by the CA in /etc/kubernetes/pki/ca.crt
  std::chrono::system_clock::time_point not_after;
};

// Errors: not_found (no kubelet.conf, or its certificate is not there yet), protocol.
Result<KubeletIdentity> kubelet_identity(const Context& context);

// Why kubelet cannot be the node `node_name` of this cluster with it, as a failure of `step`;
// nothing if it can.
std::optional<Failure> identity_problem(std::string_view step, const KubeletIdentity& identity,
                                        const std::string& node_name,
                                        std::chrono::system_clock::time_point now);

}  // namespace kagent::noded
