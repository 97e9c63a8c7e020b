#pragma once

#include "coordinator/registry/registry.hpp"

#include <cstdint>
#include <string>
#include <unordered_set>

namespace kagent::coordinator {

// Nodes that hold a later order than the store knows: the store was probably put back from an older
// copy. A node may lie about the serial, so this is only logged and shown; Rollback decides by
// certificates, which cannot be forged.
class NodesAhead {
 public:
  explicit NodesAhead(const Registry& registry) : registry_(registry) {}

  // `serial`: of the last order that the node says it holds. Logs each node once.
  void look(const std::string& node, std::uint64_t serial);
  [[nodiscard]] bool contains(const std::string& node) const { return nodes_.contains(node); }

 private:
  const Registry& registry_;
  std::unordered_set<std::string> nodes_;  // ids
};

}  // namespace kagent::coordinator
