#include "coordinator/store/etcd_store.hpp"

#include "coordinator/store/etcd_cluster.hpp"
#include "coordinator/store/etcd_nodes.hpp"
#include "coordinator/store/etcd_tokens.hpp"
#include "coordinator/store/stored.hpp"

#include <utility>

namespace kagent::coordinator {
namespace {

Error refused(const Error& why) {
  if (why.code() != Errc::data_loss) return why;
  return {Errc::data_loss, why.message() +
                               "; it is refused, never reset: restore it from a backup of etcd, or "
                               "name another PREFIX to begin a new cluster"};
}

class EtcdStore final : public Store {
 public:
  explicit EtcdStore(etcd::Space space) : space_(std::move(space)) {}

  Result<> prepare(const std::string& cluster_id) {
    if (auto read = space_.read(); !read) return read;
    return space_.join([&] { return cluster_.make_or_check(cluster_id); });
  }

  Result<Snapshot> load() override;
  Result<> keep_ca(const std::string& sha256, const std::string& replaced) override {
    return space_.join([&] { return cluster_.keep_ca(sha256, replaced); });
  }
  Result<> bind_node(const NodeRecord& record) override {
    return space_.join([&] { return nodes_.bind(record); });
  }
  Result<> rebind_node(const NodeRecord& record, const std::string& from) override {
    return space_.join([&] { return nodes_.rebind(record, from); });
  }
  Result<> save_node(const NodeRecord& record) override {
    return space_.join([&] { return nodes_.save(record); });
  }
  Result<> save_reports(const std::vector<ReportRecord>& reports) override {
    return nodes_.save_reports(reports);
  }
  Result<> take_lease(const LeaseRecord& lease) override {
    return space_.join([&] { return cluster_.take_lease(lease); });
  }
  Result<> save_cluster(const ClusterRecord& cluster) override {
    return space_.join([&] { return cluster_.save(cluster); });
  }
  Result<> save_token_hashes(const std::vector<std::string>& hashes) override {
    return space_.join([&] { return tokens_.save_hashes(hashes); });
  }
  Result<> save_token(const TokenRecord& token) override {
    return space_.join([&] { return tokens_.save(token); });
  }
  Result<> drop_token(const std::string& id) override {
    return space_.join([&] { return tokens_.drop(id); });
  }
  Result<> atomically(const std::function<Result<>()>& work) override {
    return space_.atomically(work);
  }

 private:
  etcd::Space space_;
  etcd::ClusterKey cluster_{space_};
  etcd::NodeKeys nodes_{space_};
  etcd::TokenKeys tokens_{space_};
};

Result<Snapshot> EtcdStore::load() {
  if (auto read = space_.read(); !read) return read.error();
  Snapshot snapshot;
  if (auto done = cluster_.load(snapshot); !done) return refused(done.error());
  if (auto done = tokens_.load(snapshot); !done) return refused(done.error());
  auto nodes = nodes_.load();
  if (!nodes) return refused(nodes.error());
  snapshot.nodes = std::move(*nodes);
  return snapshot;
}

}  // namespace

Result<std::unique_ptr<Store>> open_etcd_store(std::shared_ptr<etcd::Client> client,
                                               const std::string& prefix,
                                               const std::string& cluster_id, etcd::Fence fence,
                                               std::function<void(const Error&)> lost) {
  auto store = std::make_unique<EtcdStore>(
      etcd::Space(std::move(client), prefix, std::move(fence), std::move(lost)));
  if (auto ready = store->prepare(cluster_id); !ready)
    return refused(ready.error().context(prefix + " in etcd"));
  return std::unique_ptr<Store>(std::move(store));
}

Result<std::optional<StoreOwner>> owner_of_etcd_store(etcd::Client& client,
                                                      const std::string& prefix) {
  const auto found = client.range(etcd::get(prefix + "/" + etcd::cluster_name));
  if (!found) return found.error();
  if (found->kvs().empty()) return std::optional<StoreOwner>();
  const std::int64_t revision = found->header().revision();
  const auto cluster = stored::cluster_of(found->kvs(0).value());
  if (!cluster) return refused(cluster.error().context(prefix + " in etcd"));
  return std::optional(StoreOwner{cluster->cluster_id(), cluster->ca_sha256(), revision});
}

}  // namespace kagent::coordinator
