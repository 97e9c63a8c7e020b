#pragma once

#include "coordinator/registry/model.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What nodes and administrators tell the registry.
namespace kagent::coordinator {

// A node's first message in a session.
struct Hello {
  WantedRole wanted = WantedRole::automatic;
  std::uint64_t assignment_serial = 0;  // of the Assignment that the node holds; 0: none
  std::optional<Report> report;
};

struct ClusterReady {
  ClusterRecord cluster;          // initialized_by is the sender
  std::uint64_t lease_fence = 0;  // 0: the sender no longer knows it
};

// A control plane's answer to RequestMint.
struct Minted {
  std::uint64_t request = 0;
  std::string bootstrap_token, certificate_key;
  std::chrono::system_clock::time_point expires_at;
  std::string problem;  // set if the mint failed
};

// A control plane's answer to RequestDrain; comes repeatedly until `done` or `problem`.
struct Drained {
  std::uint64_t request = 0;
  bool done = false;
  std::vector<std::string> pods;  // not evicted yet, each with the reason
  std::string problem;            // set if the drain was given up
};

// An administrator's order that a node leaves the cluster.
struct LeaveWish {
  bool remove = false, force = false, rejoin = false;
  std::chrono::seconds drain_limit{300};
};

}  // namespace kagent::coordinator
