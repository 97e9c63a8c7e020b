#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/model.hpp"
#include "coordinator/store/sqlite.hpp"

#include <string>

namespace kagent::coordinator::sqlite {

// The table `cluster`, which has one row. Every call runs in the open transaction; errors as in
// Store.
class ClusterTable {
 public:
  explicit ClusterTable(Database& database) : database_(database) {}

  Result<> read(Snapshot& snapshot);  // cluster_id, cluster and lease
  Result<> take_lease(const LeaseRecord& lease);
  Result<> save(const ClusterRecord& cluster);

 private:
  Database& database_;
};

}  // namespace kagent::coordinator::sqlite
