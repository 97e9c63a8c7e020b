#pragma once

#include "coordinator/registry/cluster.hpp"
#include "coordinator/registry/control_planes.hpp"
#include "coordinator/registry/grants.hpp"
#include "coordinator/registry/leaving.hpp"
#include "coordinator/registry/names.hpp"
#include "coordinator/registry/nodes.hpp"
#include "coordinator/registry/policy.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace kagent::coordinator {

enum class Phase : std::uint8_t {
  enrolled,
  preparing,
  initializing,
  waiting,
  joining,
  starting,
  ready,
  not_ready,
  failed,
  lost,
  leaving,
  reset
};
inline constexpr std::size_t phase_count = 12;
std::string_view to_string(Phase phase);

struct Status {
  Phase phase = Phase::enrolled;
  std::string step;    // that tells most; empty: none
  std::string reason;  // one or two sentences on what is wrong or awaited; may be empty
};

// What kagentctl and the web page show of a node. Changes nothing.
class StatusRules {
 public:
  StatusRules(const Policy& policy, const Nodes& nodes, const ControlPlanes& control_planes,
              const Cluster& cluster, const Names& names, const Grants& grants,
              const Leaving& leaving);

  [[nodiscard]] Status of(const Node& node) const;

 private:
  [[nodiscard]] Status leaving_status(const Node& node, Status status) const;
  [[nodiscard]] Status joined_status(const Node& node, Status status) const;
  [[nodiscard]] Status joining_status(const Node& node, const StepReport* step,
                                      Status status) const;
  [[nodiscard]] std::string waiting_reason(const Node& node, const StepReport& step) const;
  [[nodiscard]] std::string no_role_reason(const Node& node) const;

  const Policy& policy_;
  const Nodes& nodes_;
  const ControlPlanes& control_planes_;
  const Cluster& cluster_;
  const Names& names_;
  const Grants& grants_;
  const Leaving& leaving_;
};

}  // namespace kagent::coordinator
