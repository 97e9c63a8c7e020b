#include "coordinator/store/etcd_cluster.hpp"

#include "coordinator/store/stored.hpp"

namespace kagent::coordinator::etcd {

Result<> ClusterKey::make_or_check(const std::string& cluster_id) {
  if (space_.find(cluster_name) == nullptr) {
    if (!space_.empty()) return Error(Errc::data_loss, "it names no cluster");
    v1::StoredCluster first;
    first.set_format(stored::format);
    first.set_cluster_id(cluster_id);
    put(first);
    return {};
  }
  const auto cluster = find();
  if (!cluster) return cluster.error();
  if (cluster->cluster_id() == cluster_id) return {};
  return Error(Errc::data_loss, "it belongs to cluster " + cluster->cluster_id() +
                                    ", the files of this coordinator to " + cluster_id);
}

Result<> ClusterKey::load(Snapshot& snapshot) {
  Result<v1::StoredCluster> cluster = Error(Errc::data_loss, "it names no cluster");
  const auto read = [&](const std::string& bytes) -> Result<> {
    cluster = stored::cluster_of(bytes);
    return {};
  };
  if (auto done = space_.each(cluster_name, read); !done) return done;
  if (!cluster) return cluster.error();
  snapshot.cluster_id = cluster->cluster_id();
  snapshot.cluster = {cluster->initialized_by(), cluster->api_server(), cluster->ca_certificates()};
  snapshot.lease = {cluster->lease_holder(), cluster->lease_fence()};
  return {};
}

Result<v1::StoredCluster> ClusterKey::find() {
  const std::string* bytes = space_.find(cluster_name);
  if (bytes == nullptr) return Error(Errc::data_loss, "it names no cluster");
  return stored::cluster_of(*bytes);
}

void ClusterKey::put(const v1::StoredCluster& cluster) {
  space_.put(cluster_name, cluster.SerializeAsString());
}

Result<> ClusterKey::keep_ca(const std::string& sha256, const std::string& replaced) {
  auto cluster = find();
  if (!cluster) return cluster.error();
  if (cluster->ca_sha256() == sha256) return {};
  if (!cluster->ca_sha256().empty() && cluster->ca_sha256() != replaced)
    return Error(Errc::data_loss, "it was made with another CA, sha256:" + cluster->ca_sha256());
  cluster->set_ca_sha256(sha256);
  put(*cluster);
  return {};
}

Result<> ClusterKey::take_lease(const LeaseRecord& lease) {
  auto cluster = find();
  if (!cluster) return cluster.error();
  if (cluster->lease_fence() + 1 != lease.fence || !cluster->initialized_by().empty())
    return Error(Errc::failed_precondition, "the init lease has another holder");
  cluster->set_lease_holder(lease.holder);
  cluster->set_lease_fence(lease.fence);
  put(*cluster);
  return {};
}

Result<> ClusterKey::save(const ClusterRecord& saved) {
  auto cluster = find();
  if (!cluster) return cluster.error();
  cluster->set_initialized_by(saved.initialized_by);
  cluster->set_api_server(saved.api_server);
  cluster->set_ca_certificates(saved.ca_certificates);
  put(*cluster);
  return {};
}

}  // namespace kagent::coordinator::etcd
