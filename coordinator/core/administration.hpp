#pragma once

#include "coordinator/admission/connections.hpp"
#include "coordinator/core/applications.hpp"
#include "coordinator/core/audit.hpp"
#include "coordinator/core/nodes_ahead.hpp"
#include "coordinator/core/sessions.hpp"
#include "coordinator/registry/registry.hpp"
#include "kagent/v1/admin.pb.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace kagent::coordinator {

// Decides who is an administrator, tells administrators about the nodes, and does `kagentctl
// retry`.
class Administration {
 public:
  Administration(const Registry& registry, Sessions& sessions, Connections& connections,
                 const Applications& applications, const NodesAhead& ahead, Audit& audit)
      : registry_(registry),
        sessions_(sessions),
        connections_(connections),
        applications_(applications),
        ahead_(ahead),
        audit_(audit) {}

  // `call`: the name of the RPC, for the audit log. Errors: permission_denied.
  Result<> may_administer(const Caller& caller, std::string_view call);

  [[nodiscard]] v1::ListNodesResponse list_nodes() const;
  [[nodiscard]] v1::Node describe(const Node& node) const;
  [[nodiscard]] Result<v1::Node> describe(const std::string& id_or_name) const;  // as find_node()

  // Tells the node to try failed steps again now. Returns its id. Errors: those of find_node();
  // unavailable: the node is not connected; of the audit log.
  Result<std::string> retry(const std::string& node, const Caller& caller);

  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  const Registry& registry_;
  Sessions& sessions_;
  Connections& connections_;
  const Applications& applications_;
  const NodesAhead& ahead_;
  Audit& audit_;
  std::uint64_t refused_ = 0;
};

}  // namespace kagent::coordinator
