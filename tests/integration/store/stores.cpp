#include "tests/integration/store/stores.hpp"

#include "agent/common/trust/pki.hpp"
#include "coordinator/store/etcd_address.hpp"

#include <catch2/catch_test_macros.hpp>

namespace kagent::coordinator {

NodeRecord record(const std::string& id, const std::string& key, std::uint64_t order) {
  NodeRecord node;
  node.id = id;
  node.key_sha256 = key;
  node.order = order;
  node.enrolled_at = std::chrono::system_clock::time_point(std::chrono::hours(490'000));
  node.last_seen_at = node.enrolled_at;
  return node;
}

std::unique_ptr<Store> OnSqlite::open() const {
  auto store = try_open("cluster-1");
  REQUIRE(store);
  return std::move(*store);
}

EtcdServer& OnEtcd::server() {
  static EtcdServer server;
  return server;
}

OnEtcd::OnEtcd() {
  if (!EtcdServer::installed()) SKIP("there is no etcd on this machine: tests/install-deps");
  EtcdAddress address;
  address.url = server().url(pki::random_hex(8));
  options_ = parse_etcd_address(address).value();
  client_ = std::make_shared<etcd::Client>(options_);
  fence_ = {prefix() + "/leader", put("leader", "a test")};
}

Result<std::unique_ptr<Store>> OnEtcd::try_open(const std::string& cluster_id) const {
  return open_etcd_store(std::make_shared<etcd::Client>(options_), prefix(), cluster_id, fence_,
                         {});
}

std::unique_ptr<Store> OnEtcd::open() const {
  auto store = try_open("cluster-1");
  REQUIRE(store);
  return std::move(*store);
}

std::int64_t OnEtcd::put(const std::string& name, const std::string& value) const {
  etcd::pb::TxnRequest request;
  etcd::pb::PutRequest& put = *request.add_success()->mutable_request_put();
  put.set_key(prefix() + "/" + name);
  put.set_value(value);
  const auto done = client_->txn(request);
  REQUIRE(done);
  return done->header().revision();
}

void OnEtcd::erase(const std::string& name) const {
  etcd::pb::TxnRequest request;
  request.add_success()->mutable_request_delete_range()->set_key(prefix() + "/" + name);
  REQUIRE(client_->txn(request));
}

std::string OnEtcd::get(const std::string& name) const {
  const auto found = client_->range(etcd::get(prefix() + "/" + name));
  REQUIRE(found);
  return found->kvs().empty() ? std::string() : found->kvs(0).value();
}

std::vector<std::string> OnEtcd::names(const std::string& folder) const {
  const std::string all = prefix() + "/" + folder;
  auto request = etcd::get(all);
  request.set_range_end(etcd::end_of(all));
  const auto found = client_->range(request);
  REQUIRE(found);
  std::vector<std::string> names;
  for (const auto& entry : found->kvs()) names.push_back(entry.key().substr(prefix().size() + 1));
  return names;
}

}  // namespace kagent::coordinator
