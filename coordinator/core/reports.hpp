#pragma once

#include "coordinator/registry/registry.hpp"
#include "coordinator/store/store.hpp"
#include "kagent/v1/agent.pb.h"

#include <string>
#include <unordered_set>

namespace kagent::coordinator {

// Saves the nodes' last reports now and then, not one commit each: after a crash of the coordinator
// the nodes send them again.
class Reports {
 public:
  Reports(const Registry& registry, Store& store) : registry_(registry), store_(store) {}

  // A session began: an oversized report is logged once in each.
  void begin(const std::string& node) { oversized_.erase(node); }
  // False: the report is larger than 512 KiB.
  bool accepts(const std::string& node, const v1::NodeReport& report);
  void changed(const std::string& node) { unsaved_.insert(node); }
  // Logs an error of the store: no report is worth an end.
  void flush();

 private:
  const Registry& registry_;
  Store& store_;
  std::unordered_set<std::string> unsaved_;    // node ids
  std::unordered_set<std::string> oversized_;  // node ids whose oversized report was logged
};

}  // namespace kagent::coordinator
