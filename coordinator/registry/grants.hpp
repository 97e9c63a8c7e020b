#pragma once

#include "coordinator/registry/cluster.hpp"
#include "coordinator/registry/control_planes.hpp"
#include "coordinator/registry/events.hpp"
#include "coordinator/registry/names.hpp"
#include "coordinator/registry/nodes.hpp"
#include "coordinator/registry/outbox.hpp"
#include "coordinator/registry/policy.hpp"
#include "coordinator/registry/request_ids.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

namespace kagent::coordinator {

// Join grants. Every node whose join step waits gets a bootstrap token of its own, which a control
// plane mints. A token that is not used any more is revoked.
class Grants {
 public:
  Grants(const Policy& policy, Nodes& nodes, const ControlPlanes& control_planes,
         const Cluster& cluster, const Names& names, RequestIds& ids, Outbox& out);

  // Asks for a token if the node needs one now; for all nodes in the order of enrolment.
  // Idempotent.
  void pump(Node& node, Now now);
  void pump_all(Now now);

  // Call after each report of the node.
  void reported(Node& node);
  // An answer to RequestMint. A token that nobody waits for is revoked.
  void minted(const std::string& minter, Minted outcome, Now now);
  // Mints that were not answered in time have failed.
  void expire(Now now);

  // The node begins a new session, so messages of the last one may be lost.
  void restart(Node& node);
  // The node's session has ended. Mints that were requested from the node have failed.
  void disconnected(Node& node, Now now);
  // The node needs no grant any more: revokes the one that it has. Idempotent.
  void withdraw(Node& node);
  // The same for a node that has left the cluster.
  void forget(Node& node);

  // The status of all nodes that wait for a grant has changed.
  void announce_waiting();
  // What the node's join waits for; empty: unknown here.
  [[nodiscard]] std::string reason(const Node& node) const;

 private:
  struct Mint {
    std::uint64_t request = 0;
    std::string minter;
    std::chrono::steady_clock::time_point deadline;
  };
  struct Grant {
    std::string token_id;  // the public half; the secret half is not kept
    std::string minter;
    std::chrono::system_clock::time_point expires_at;
    std::chrono::steady_clock::time_point sent;
    bool taken_up = false;  // the join has run since
  };
  struct Joiner {
    std::optional<Mint> mint;
    std::optional<Grant> grant;
    unsigned mints = 0;  // in this session
    std::chrono::steady_clock::time_point next_mint;
    std::string problem;  // why the last mint failed, or none was requested
  };

  [[nodiscard]] const Joiner& joiner_of(const Node& node) const;
  [[nodiscard]] bool needs_mint(const Node& node, const Joiner& joiner, Now now) const;
  [[nodiscard]] const Node* joining_control_plane(const Node& but, Now now) const;
  void request_mint(Node& node, Node& minter, Now now);
  void mint_failed(Node& node, std::string problem, Now now);
  void drop_mint(Node& node);

  const Policy& policy_;
  Nodes& nodes_;
  const ControlPlanes& control_planes_;
  const Cluster& cluster_;
  const Names& names_;
  RequestIds& ids_;
  Outbox& out_;
  std::unordered_map<const Node*, Joiner> joiners_;
  std::map<std::uint64_t, Node*> waiting_;   // their join step waits; by order of enrolment
  std::map<std::uint64_t, Node*> requests_;  // outstanding mints, by request
};

}  // namespace kagent::coordinator
