#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/model.hpp"
#include "coordinator/store/etcd_space.hpp"
#include "kagent/v1/stored.pb.h"

#include <string>

namespace kagent::coordinator::etcd {

// Below PREFIX/, the one record of the cluster.
inline constexpr char cluster_name[] = "kept/cluster";

// That record. Every call but load() runs in the open transaction; errors as in Store.
class ClusterKey {
 public:
  explicit ClusterKey(Space& space) : space_(space) {}

  // Makes the record if the space is empty, else checks whose it is. Errors: data_loss.
  Result<> make_or_check(const std::string& cluster_id);
  Result<> load(Snapshot& snapshot);  // cluster_id, cluster and lease
  Result<> keep_ca(const std::string& sha256, const std::string& replaced);
  Result<> take_lease(const LeaseRecord& lease);
  Result<> save(const ClusterRecord& saved);

 private:
  Result<v1::StoredCluster> find();
  void put(const v1::StoredCluster& cluster);

  Space& space_;
};

}  // namespace kagent::coordinator::etcd
