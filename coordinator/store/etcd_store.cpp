#include "coordinator/store/etcd_store.hpp"

#include "coordinator/store/stored.hpp"

#include <algorithm>
#include <utility>

namespace kagent::coordinator {
namespace {

// Names below PREFIX/.
constexpr char cluster_name[] = "kept/cluster";
constexpr char hashes_name[] = "kept/user-data";
constexpr char nodes_folder[] = "kept/nodes/";
constexpr char tokens_folder[] = "kept/tokens/";
constexpr char reports_folder[] = "reports/";

// How many reports, of 512 KiB at most, are written at once.
constexpr std::size_t most_reports = 40;
constexpr std::size_t most_report_bytes = 512 << 10;

Error refused(const Error& why) {
  if (why.code() != Errc::data_loss) return why;
  return {Errc::data_loss, why.message() +
                               "; it is refused, never reset: restore it from a backup of etcd, or "
                               "name another PREFIX to begin a new cluster"};
}

class EtcdStore final : public Store {
 public:
  explicit EtcdStore(etcd::Space space) : space_(std::move(space)) {}

  Result<> prepare(const std::string& cluster_id);

  Result<Snapshot> load() override;
  Result<> keep_ca(const std::string& sha256, const std::string& replaced) override;
  Result<> bind_node(const NodeRecord& record) override;
  Result<> rebind_node(const NodeRecord& record, const std::string& from) override;
  Result<> save_node(const NodeRecord& record) override;
  Result<> save_reports(const std::vector<ReportRecord>& reports) override;
  Result<> take_lease(const LeaseRecord& lease) override;
  Result<> save_cluster(const ClusterRecord& cluster) override;
  Result<> save_token_hashes(const std::vector<std::string>& hashes) override;
  Result<> save_token(const TokenRecord& token) override;
  Result<> drop_token(const std::string& id) override;
  Result<> atomically(const std::function<Result<>()>& work) override {
    return space_.atomically(work);
  }

 private:
  // Runs in the transaction that is open, or in one of its own.
  Result<> write(const std::function<Result<>()>& work) {
    return space_.in_transaction() ? work() : space_.atomically(work);
  }
  Result<v1::StoredCluster> find_cluster();
  void put_cluster(const v1::StoredCluster& cluster) {
    space_.put(cluster_name, cluster.SerializeAsString());
  }
  // Nothing: the id is not bound.
  Result<std::optional<NodeRecord>> find_node(const std::string& id);
  void put_node(const NodeRecord& node) {
    space_.put(nodes_folder + node.id, stored::bytes_of(node));
  }

  etcd::Space space_;
};

Result<> EtcdStore::prepare(const std::string& cluster_id) {
  if (auto read = space_.read(); !read) return read;
  return write([&]() -> Result<> {
    if (space_.find(cluster_name) == nullptr) {
      if (!space_.empty()) return Error(Errc::data_loss, "it names no cluster");
      v1::StoredCluster first;
      first.set_format(stored::format);
      first.set_cluster_id(cluster_id);
      put_cluster(first);
      return {};
    }
    const auto cluster = find_cluster();
    if (!cluster) return cluster.error();
    if (cluster->cluster_id() == cluster_id) return {};
    return Error(Errc::data_loss, "it belongs to cluster " + cluster->cluster_id() +
                                      ", the files of this coordinator to " + cluster_id);
  });
}

Result<v1::StoredCluster> EtcdStore::find_cluster() {
  const std::string* bytes = space_.find(cluster_name);
  if (bytes == nullptr) return Error(Errc::data_loss, "it names no cluster");
  return stored::cluster_of(*bytes);
}

Result<std::optional<NodeRecord>> EtcdStore::find_node(const std::string& id) {
  const std::string* bytes = space_.find(nodes_folder + id);
  if (bytes == nullptr) return std::optional<NodeRecord>();
  auto node = stored::node_of(*bytes);
  if (!node) return node.error();
  return std::optional(std::move(*node));
}

Result<Snapshot> EtcdStore::load() {
  if (auto read = space_.read(); !read) return read.error();
  Snapshot snapshot;
  Result<v1::StoredCluster> cluster = Error(Errc::data_loss, "it names no cluster");
  const auto add_node = [&](const std::string& bytes) -> Result<> {
    auto node = stored::node_of(bytes);
    if (!node) return node.error();
    snapshot.nodes.push_back({std::move(*node), {}});
    return {};
  };
  const auto add_token = [&](const std::string& bytes) -> Result<> {
    auto token = stored::token_of(bytes);
    if (!token) return token.error();
    snapshot.tokens.push_back(std::move(*token));
    return {};
  };
  const auto set_hashes = [&](const std::string& bytes) -> Result<> {
    auto hashes = stored::token_hashes_of(bytes);
    if (!hashes) return hashes.error();
    snapshot.token_hashes = std::move(*hashes);
    return {};
  };
  const auto set_cluster = [&](const std::string& bytes) -> Result<> {
    cluster = stored::cluster_of(bytes);
    return {};
  };
  Result<> done = space_.each(cluster_name, set_cluster);
  if (done && !cluster) done = cluster.error();
  if (done) done = space_.each(nodes_folder, add_node);
  if (done) done = space_.each(tokens_folder, add_token);
  if (done) done = space_.each(hashes_name, set_hashes);
  std::map<std::string, std::string> reports;
  if (done)
    done = space_.scan(reports_folder, [&](std::string name, std::string value) -> Result<> {
      reports[name.substr(std::string_view(reports_folder).size())] = std::move(value);
      return {};
    });
  if (!done) return refused(done.error());
  snapshot.cluster_id = cluster->cluster_id();
  snapshot.cluster = {cluster->initialized_by(), cluster->api_server(), cluster->ca_certificates()};
  snapshot.lease = {cluster->lease_holder(), cluster->lease_fence()};
  for (auto& [record, report] : snapshot.nodes)
    if (const auto found = reports.find(record.id); found != reports.end())
      report = std::move(found->second);
  std::ranges::sort(snapshot.nodes, {}, [](const StoredNode& node) { return node.record.order; });
  std::ranges::sort(snapshot.tokens, {}, &TokenRecord::created_at);
  return snapshot;
}

Result<> EtcdStore::keep_ca(const std::string& sha256, const std::string& replaced) {
  return write([&]() -> Result<> {
    auto cluster = find_cluster();
    if (!cluster) return cluster.error();
    if (cluster->ca_sha256() == sha256) return {};
    if (!cluster->ca_sha256().empty() && cluster->ca_sha256() != replaced)
      return Error(Errc::data_loss, "it was made with another CA, sha256:" + cluster->ca_sha256());
    cluster->set_ca_sha256(sha256);
    put_cluster(*cluster);
    return {};
  });
}

Result<> EtcdStore::bind_node(const NodeRecord& record) {
  return write([&]() -> Result<> {
    const auto node = find_node(record.id);
    if (!node) return node.error();
    if (!*node)
      put_node(record);
    else if ((*node)->key_sha256 != record.key_sha256)
      return Error(Errc::already_exists, "node " + record.id + " is bound to another key");
    return {};
  });
}

Result<> EtcdStore::rebind_node(const NodeRecord& record, const std::string& from) {
  return write([&]() -> Result<> {
    auto node = find_node(record.id);
    if (!node) return node.error();
    if (!*node || (*node)->key_sha256 != from)
      return Error(Errc::failed_precondition, "node " + record.id + " is bound to another key");
    (*node)->key_sha256 = record.key_sha256;
    (*node)->barred_key = record.barred_key;
    put_node(**node);
    return {};
  });
}

Result<> EtcdStore::save_node(const NodeRecord& record) {
  return write([&]() -> Result<> {
    const auto node = find_node(record.id);
    if (!node) return node.error();
    if (!*node || (*node)->key_sha256 != record.key_sha256)
      return Error(Errc::not_found, "node " + record.id + " is not bound to this key");
    if ((*node)->serial > record.serial)
      return Error(Errc::failed_precondition,
                   "node " + record.id + " has a higher serial in the store");
    NodeRecord saved = record;
    // Of its enrolment, for ever.
    saved.barred_key = (*node)->barred_key;
    saved.order = (*node)->order;
    saved.enrolled_at = (*node)->enrolled_at;
    put_node(saved);
    return {};
  });
}

Result<> EtcdStore::save_reports(const std::vector<ReportRecord>& reports) {
  for (std::size_t next = 0; next < reports.size();) {
    std::size_t end = next;
    for (std::size_t bytes = 0;
         end < reports.size() && end - next < most_reports &&
         (end == next || bytes + reports[end].bytes.size() <= most_report_bytes);
         ++end)
      bytes += reports[end].bytes.size();
    const auto saved = write([&]() -> Result<> {
      for (std::size_t i = next; i < end; ++i) {
        if (space_.find(nodes_folder + reports[i].node_id) == nullptr)
          return Error(Errc::not_found, "node " + reports[i].node_id + " is not bound");
        space_.put(reports_folder + reports[i].node_id, std::string(reports[i].bytes));
      }
      return {};
    });
    if (!saved) return saved;
    next = end;
  }
  return {};
}

Result<> EtcdStore::take_lease(const LeaseRecord& lease) {
  return write([&]() -> Result<> {
    auto cluster = find_cluster();
    if (!cluster) return cluster.error();
    if (cluster->lease_fence() + 1 != lease.fence || !cluster->initialized_by().empty())
      return Error(Errc::failed_precondition, "the init lease has another holder");
    cluster->set_lease_holder(lease.holder);
    cluster->set_lease_fence(lease.fence);
    put_cluster(*cluster);
    return {};
  });
}

Result<> EtcdStore::save_cluster(const ClusterRecord& saved) {
  return write([&]() -> Result<> {
    auto cluster = find_cluster();
    if (!cluster) return cluster.error();
    cluster->set_initialized_by(saved.initialized_by);
    cluster->set_api_server(saved.api_server);
    cluster->set_ca_certificates(saved.ca_certificates);
    put_cluster(*cluster);
    return {};
  });
}

Result<> EtcdStore::save_token_hashes(const std::vector<std::string>& hashes) {
  return write([&]() -> Result<> {
    space_.put(hashes_name, stored::bytes_of(hashes));
    return {};
  });
}

Result<> EtcdStore::save_token(const TokenRecord& token) {
  return write([&]() -> Result<> {
    space_.put(tokens_folder + token.id, stored::bytes_of(token));
    return {};
  });
}

Result<> EtcdStore::drop_token(const std::string& id) {
  return write([&]() -> Result<> {
    space_.erase(tokens_folder + id);
    return {};
  });
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
  const auto found = client.range(etcd::get(prefix + "/" + cluster_name));
  if (!found) return found.error();
  if (found->kvs().empty()) return std::optional<StoreOwner>();
  const std::int64_t revision = found->header().revision();
  const auto cluster = stored::cluster_of(found->kvs(0).value());
  if (!cluster) return refused(cluster.error().context(prefix + " in etcd"));
  return std::optional(StoreOwner{cluster->cluster_id(), cluster->ca_sha256(), revision});
}

}  // namespace kagent::coordinator
