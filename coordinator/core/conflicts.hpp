#pragma once

#include "coordinator/core/sessions.hpp"
#include "coordinator/registry/duplicates.hpp"
#include "coordinator/registry/registry.hpp"
#include "kagent/v1/agent.pb.h"

#include <string>
#include <unordered_map>
#include <vector>

namespace kagent::coordinator {

// Tells a node which of its facts (hostname, machine id, product UUID) another connected node has
// too; the node's preflight then fails. Facts are unverified, so only nodes that enrolled earlier
// or are in the cluster count as conflicts.
class Conflicts {
 public:
  Conflicts(const Registry& registry, Sessions& sessions)
      : registry_(registry), sessions_(sessions) {}

  // A session began; the node knows of no conflict.
  void begin(const std::string& node) { told_.erase(node); }
  // Sends the node its conflicts if they differ from those it was told last in this session.
  void look(const std::string& node, const v1::NodeFacts& facts);
  // Disconnected nodes conflict with nobody: a replacement may take over the name.
  void gone(const std::string& node);

 private:
  const Registry& registry_;
  Sessions& sessions_;
  Duplicates duplicates_;
  std::unordered_map<std::string, std::vector<Conflict>> told_;  // by node id
};

}  // namespace kagent::coordinator
