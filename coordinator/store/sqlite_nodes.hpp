#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/model.hpp"
#include "coordinator/store/sqlite.hpp"
#include "coordinator/store/store.hpp"

#include <string>
#include <vector>

namespace kagent::coordinator::sqlite {

// The table `nodes`. Every call runs in the open transaction; results and errors as in Store.
class NodeTable {
 public:
  explicit NodeTable(Database& database) : database_(database) {}

  Result<std::vector<StoredNode>> read();  // in the order of enrolment
  Result<> bind(const NodeRecord& record);
  Result<> rebind(const NodeRecord& record, const std::string& from);
  Result<> save(const NodeRecord& record);
  Result<> save_reports(const std::vector<ReportRecord>& reports);

 private:
  Result<int> insert(const NodeRecord& record);
  Result<int> update(const NodeRecord& record);

  Database& database_;
};

}  // namespace kagent::coordinator::sqlite
