#include "coordinator/store/sqlite_cluster.hpp"

#include "coordinator/store/sqlite_values.hpp"

namespace kagent::coordinator::sqlite {

Result<> ClusterTable::read(Snapshot& snapshot) {
  auto cluster = database_.prepare(
      "SELECT cluster_id, initialized_by, api_server, ca_certificates, lease_holder, lease_fence "
      "FROM cluster");
  if (!cluster) return cluster.error();
  if (auto row = cluster->step(); !row) return row.error();
  snapshot.cluster_id = cluster->text(0);
  snapshot.cluster = {cluster->text(1), cluster->text(2), cluster->text(3)};
  snapshot.lease = {cluster->text(4), unsigned_of(cluster->number(5))};
  return {};
}

Result<> ClusterTable::take_lease(const LeaseRecord& lease) {
  auto update = database_.prepare(
      "UPDATE cluster SET lease_holder=?, lease_fence=? WHERE lease_fence=? AND "
      "initialized_by=''");
  if (!update) return update.error();
  auto changed = update->bind(lease.holder)
                     .bind(signed_of(lease.fence))
                     .bind(signed_of(lease.fence) - 1)
                     .execute();
  if (!changed) return changed.error();
  if (*changed != 1) return Error(Errc::failed_precondition, "the init lease has another holder");
  return {};
}

Result<> ClusterTable::save(const ClusterRecord& cluster) {
  auto update =
      database_.prepare("UPDATE cluster SET initialized_by=?, api_server=?, ca_certificates=?");
  if (!update) return update.error();
  auto changed = update->bind(cluster.initialized_by)
                     .bind(cluster.api_server)
                     .bind(cluster.ca_certificates)
                     .execute();
  if (!changed) return changed.error();
  return {};
}

}  // namespace kagent::coordinator::sqlite
