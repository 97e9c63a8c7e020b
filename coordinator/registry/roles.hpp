#pragma once

#include "coordinator/registry/api_servers.hpp"
#include "coordinator/registry/cluster.hpp"
#include "coordinator/registry/control_planes.hpp"
#include "coordinator/registry/nodes.hpp"
#include "coordinator/registry/outbox.hpp"
#include "coordinator/registry/policy.hpp"

#include <cstdint>
#include <string>

namespace kagent::coordinator {

// Gives roles and the init lease, and sends each node the Assignment that says so. A role is for
// life, except that a control plane that loses the init lease may become a worker.
class Roles {
 public:
  Roles(const Policy& policy, Nodes& nodes, ControlPlanes& control_planes, Cluster& cluster,
        ApiServers& api_servers, Outbox& out);

  // Gives a role to a node that has none. A node that insists on being a control plane gets no role
  // while all seats are taken. Idempotent.
  void give(Node& node);
  void take_away(Node& node);
  // Offers free seats to connected nodes without a role.
  void fill_seats();

  // Moves the init lease to the next candidate while there is no cluster and nobody holds the
  // lease, or its holder has failed, leaves, or is silent for Policy::init_takeover_after.
  // Idempotent.
  void settle_lease(Now now);

  // `serial`: of the Assignment that the node said in its Hello to have.
  void note_serial(Node& node, std::uint64_t serial);
  [[nodiscard]] bool holds_current(const Node& node, std::uint64_t serial) const;
  // The last Assignment says what a new one would say.
  [[nodiscard]] bool is_current(const Node& node) const;
  // Sends a node its Assignment, and a reset order first if it has lost the init lease. Does
  // nothing for a node that is not connected, which says in its next Hello what it has, or that
  // leaves.
  void send_assignment(Node& node);
  // Sends a new Assignment to all nodes if the addresses of the API servers have changed.
  void settle_api_servers();

 private:
  [[nodiscard]] bool holder_is_out(Now now) const;
  [[nodiscard]] Node* next_initializer() const;
  void move_lease(Node& to);
  void set(Node& node, Role role);
  [[nodiscard]] std::string digest(const Node& node) const;

  const Policy& policy_;
  Nodes& nodes_;
  ControlPlanes& control_planes_;
  Cluster& cluster_;
  ApiServers& api_servers_;
  Outbox& out_;
};

}  // namespace kagent::coordinator
