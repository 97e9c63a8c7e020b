// What store.hpp promises, for both implementations.
#include "tests/integration/store/stores.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace kagent;
using namespace kagent::coordinator;

TEMPLATE_TEST_CASE("Everything that was saved is there after the store is opened again", "[store]",
                   OnSqlite, OnEtcd) {
  const TestType place;
  const std::string report("\0report", 7);
  NodeRecord node = record("a", "key", 1);
  {
    auto store = place.open();
    REQUIRE(store->bind_node(node));
    node.name = "node-a";
    node.wanted = WantedRole::control_plane;
    node.role = Role::control_plane;
    node.serial = 7;
    node.assignment_serial = 6;
    node.assignment_digest = "digest";
    node.reset_fence = 2;
    node.reset_serial = 5;
    node.init_failed = node.joined = node.was_ready = true;
    node.role_fixed = node.name_bound = true;
    node.leave.stage = LeaveStage::unregister;
    node.leave.remove = node.leave.force = node.leave.reset_done = true;
    node.leave.reset_serial = 7;
    node.leave.drain_until = node.enrolled_at + std::chrono::minutes(5);
    node.leave.problem = "a budget";
    REQUIRE(store->save_node(node));
    REQUIRE(store->save_reports({{"a", report}}));
    REQUIRE(store->take_lease({"a", 1}));
    REQUIRE(store->save_cluster({"a", "10.0.0.1:6443", "PEM"}));
    REQUIRE(store->save_token_hashes({"hash"}));
  }
  const auto snapshot = place.open()->load();
  REQUIRE(snapshot);
  REQUIRE(snapshot->nodes.size() == 1);
  CHECK(snapshot->nodes[0].record == node);
  CHECK(snapshot->nodes[0].report == report);
  CHECK(snapshot->lease == LeaseRecord{"a", 1});
  CHECK(snapshot->cluster == ClusterRecord{"a", "10.0.0.1:6443", "PEM"});
  CHECK(snapshot->token_hashes == std::vector<std::string>{"hash"});
  CHECK(snapshot->cluster_id == "cluster-1");
}

TEMPLATE_TEST_CASE("Binding the same id to the same key again changes nothing", "[store]", OnSqlite,
                   OnEtcd) {
  const TestType place;
  auto store = place.open();
  NodeRecord node = record("a", "key", 1);
  REQUIRE(store->bind_node(node));
  node.role = Role::worker;
  node.serial = 3;
  REQUIRE(store->save_node(node));
  REQUIRE(store->bind_node(record("a", "key", 1)));
  CHECK(store->load()->nodes[0].record == node);
}

TEMPLATE_TEST_CASE(
    "The lease is taken only from the fence before it, and not once a cluster exists", "[store]",
    OnSqlite, OnEtcd) {
  const TestType place;
  auto store = place.open();
  REQUIRE(store->take_lease({"a", 1}));
  CHECK(store->take_lease({"b", 1}).error().code() == Errc::failed_precondition);
  CHECK(store->take_lease({"b", 3}).error().code() == Errc::failed_precondition);
  REQUIRE(store->take_lease({"b", 2}));
  REQUIRE(store->save_cluster({"b", "10.0.0.1:6443", "PEM"}));
  CHECK(store->take_lease({"c", 3}).error().code() == Errc::failed_precondition);
  CHECK(store->load()->lease == LeaseRecord{"b", 2});
}

TEMPLATE_TEST_CASE("A serial never goes back, and a node that is not bound cannot be saved",
                   "[store]", OnSqlite, OnEtcd) {
  const TestType place;
  auto store = place.open();
  NodeRecord node = record("a", "key", 1);
  REQUIRE(store->bind_node(node));
  node.serial = 5;
  REQUIRE(store->save_node(node));
  node.serial = 4;
  CHECK(store->save_node(node).error().code() == Errc::failed_precondition);
  CHECK(store->save_node(record("b", "key", 2)).error().code() == Errc::not_found);
  CHECK(store->save_node(record("a", "other key", 1)).error().code() == Errc::not_found);
}

TEMPLATE_TEST_CASE("A transaction that fails half-way leaves nothing behind", "[store]", OnSqlite,
                   OnEtcd) {
  const TestType place;
  auto store = place.open();
  const auto done = store->atomically([&]() -> Result<> {
    if (auto bound = store->bind_node(record("a", "key", 1)); !bound) return bound;
    return Error(Errc::internal, "as if");
  });
  CHECK_FALSE(done);
  CHECK(store->load()->nodes.empty());
  CHECK(store->bind_node(record("a", "key", 1)));  // the store still works
}

TEMPLATE_TEST_CASE("A node is bound to another key only from the one that it has", "[store]",
                   OnSqlite, OnEtcd) {
  const TestType place;
  NodeRecord node = record("a", "key", 1);
  {
    auto store = place.open();
    REQUIRE(store->bind_node(node));
    node.key_sha256 = "";
    node.barred_key = "key";
    CHECK(store->rebind_node(node, "other").error().code() == Errc::failed_precondition);
    REQUIRE(store->rebind_node(node, "key"));
    CHECK(store->rebind_node(node, "key").error().code() == Errc::failed_precondition);
    node.key_sha256 = "key-2";
    REQUIRE(store->rebind_node(node, ""));
  }
  CHECK(place.open()->load()->nodes.at(0).record == node);
}

TEMPLATE_TEST_CASE("Tokens are kept, replaced and dropped", "[store]", OnSqlite, OnEtcd) {
  const TestType place;
  TokenRecord token;
  token.id = "abc";
  token.sha256 = "hash";
  token.role = WantedRole::worker;
  token.uses_left = 3;
  token.created_at = std::chrono::system_clock::time_point(std::chrono::hours(490'000));
  token.expires_at = token.created_at + std::chrono::hours(1);
  token.created_by = "root";
  TokenRecord other = token;
  other.id = "def";
  other.uses_left.reset();
  other.created_at -= std::chrono::hours(1);
  {
    auto store = place.open();
    REQUIRE(store->save_token(token));
    REQUIRE(store->save_token(other));
    token.uses_left = 0;
    REQUIRE(store->save_token(token));
    REQUIRE(store->drop_token("none"));
  }
  auto store = place.open();
  CHECK(store->load()->tokens == std::vector{other, token});
  REQUIRE(store->drop_token("abc"));
  CHECK(place.open()->load()->tokens == std::vector{other});
}

TEMPLATE_TEST_CASE("A report is saved for bound nodes only", "[store]", OnSqlite, OnEtcd) {
  const TestType place;
  auto store = place.open();
  CHECK(store->save_reports({{"a", "report"}}).error().code() == Errc::not_found);
  CHECK(store->save_reports({}));
}

TEMPLATE_TEST_CASE("Work in a transaction sees what it has written", "[store]", OnSqlite, OnEtcd) {
  const TestType place;
  auto store = place.open();
  NodeRecord node = record("a", "key", 1);
  REQUIRE(store->atomically([&]() -> Result<> {
    if (auto bound = store->bind_node(node); !bound) return bound;
    node.serial = 2;
    if (auto saved = store->save_node(node); !saved) return saved;
    if (auto taken = store->take_lease({"a", 1}); !taken) return taken;
    return store->take_lease({"a", 2});
  }));
  const auto snapshot = store->load();
  CHECK(snapshot->nodes.at(0).record == node);
  CHECK(snapshot->lease == LeaseRecord{"a", 2});
}

TEMPLATE_TEST_CASE("A thousand nodes are one commit, or none", "[store]", OnSqlite, OnEtcd) {
  const TestType place;
  auto store = place.open();
  const std::string long_name(18'000, 'n');  // more than etcd takes in a transaction, many times
  const auto save_all = [&](bool well) {
    return store->atomically([&, well]() -> Result<> {
      for (std::uint64_t i = 1; i <= 1000; ++i) {
        NodeRecord node = record("i-" + std::to_string(i), "key", i);
        node.name = long_name;
        if (auto bound = store->bind_node(node); !bound) return bound;
      }
      if (auto taken = store->take_lease({"i-1", well ? 1U : 7U}); !taken) return taken;
      return {};
    });
  };
  CHECK(save_all(false).error().code() == Errc::failed_precondition);
  CHECK(place.open()->load()->nodes.empty());
  REQUIRE(save_all(true));
  const auto snapshot = place.open()->load();
  REQUIRE(snapshot);
  CHECK(snapshot->lease.fence == 1);
  REQUIRE(snapshot->nodes.size() == 1000);
  for (std::size_t i = 0; i < 1000; ++i) {
    CHECK(snapshot->nodes[i].record.order == i + 1);
    CHECK(snapshot->nodes[i].record.name == long_name);
  }
  // The store still works.
  NodeRecord node = snapshot->nodes[0].record;
  node.serial = 9;
  CHECK(store->save_node(node));
}

TEMPLATE_TEST_CASE("Reports of a thousand nodes are saved, and come back", "[store]", OnSqlite,
                   OnEtcd) {
  const TestType place;
  auto store = place.open();
  std::vector<std::string> bytes;
  for (std::size_t i = 1; i <= 1000; ++i) {
    const std::string id = "i-" + std::to_string(i);
    REQUIRE(store->bind_node(record(id, "key", i)));
    bytes.push_back(id + std::string(i == 500 ? 512 << 10 : 4000, 'r'));
  }
  std::vector<ReportRecord> reports;
  for (const std::string& report : bytes)
    reports.push_back({report.substr(0, report.find('r')), report});
  REQUIRE(store->save_reports(reports));
  const auto snapshot = place.open()->load();
  REQUIRE(snapshot->nodes.size() == 1000);
  for (std::size_t i = 0; i < 1000; ++i) CHECK(snapshot->nodes[i].report == bytes[i]);
}

TEMPLATE_TEST_CASE("F8 The store of another cluster is refused, with what to do", "[store]",
                   OnSqlite, OnEtcd) {
  const TestType place;
  REQUIRE(place.open()->bind_node(record("a", "key", 1)));
  const auto other = place.try_open("cluster-2");
  REQUIRE_FALSE(other);
  CHECK(other.error().code() == Errc::data_loss);
  CHECK(other.error().message().find("belongs to cluster cluster-1") != std::string::npos);
  CHECK(other.error().message().find("backup") != std::string::npos);
  CHECK(place.open()->load()->nodes.size() == 1);
}
