#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/model.hpp"
#include "coordinator/store/etcd_space.hpp"
#include "coordinator/store/store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace kagent::coordinator::etcd {

// The records of nodes below PREFIX/kept/nodes/, and their reports below PREFIX/reports/, of which
// there is no copy in memory. Results and errors as in Store.
class NodeKeys {
 public:
  explicit NodeKeys(Space& space) : space_(space) {}

  Result<std::vector<StoredNode>> load();  // in the order of enrolment
  // These run in the open transaction.
  Result<> bind(const NodeRecord& record);
  Result<> rebind(const NodeRecord& record, const std::string& from);
  Result<> save(const NodeRecord& record);
  // Runs in the open transaction, or else in as many as etcd's limits ask for.
  Result<> save_reports(const std::vector<ReportRecord>& reports);

 private:
  // nullopt: the id is not bound.
  Result<std::optional<NodeRecord>> find(const std::string& id);
  void put(const NodeRecord& node);
  Result<> load_reports(std::vector<StoredNode>& nodes);

  Space& space_;
};

}  // namespace kagent::coordinator::etcd
