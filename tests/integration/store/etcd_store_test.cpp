// Promises of the store that are specific to etcd.
#include "kagent/v1/stored.pb.h"
#include "tests/integration/store/stores.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace kagent;
using namespace kagent::coordinator;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("A store that has lost the leadership can neither write nor judge") {
  const OnEtcd place;
  std::vector<std::string> lost;
  auto store = open_etcd_store(place.client(), place.prefix(), "cluster-1", place.fence(),
                               [&](const Error& why) { lost.push_back(why.message()); });
  REQUIRE(store);
  REQUIRE((*store)->bind_node(record("a", "key", 1)));
  const std::string node = place.get("kept/nodes/a");
  const std::string cluster = place.get("kept/cluster");
  SECTION("another has it") {
    place.erase("leader");
    place.put("leader", "somebody else");
  }
  SECTION("nobody has it") {
    place.erase("leader");
  }
  const auto refused = [](const Result<>& done) {
    return !done && done.error().code() == Errc::unavailable;
  };
  NodeRecord changed = record("a", "key", 1);
  changed.serial = 5;
  CHECK(refused((*store)->save_node(changed)));
  CHECK(refused((*store)->bind_node(record("b", "key", 2))));
  CHECK(refused((*store)->rebind_node(changed, "key")));
  CHECK(refused((*store)->save_reports({{"a", "report"}})));
  CHECK(refused((*store)->take_lease({"a", 1})));
  CHECK(refused((*store)->save_cluster({"a", "10.0.0.1:6443", "PEM"})));
  CHECK(refused((*store)->save_token_hashes({"hash"})));
  CHECK(refused((*store)->save_token(TokenRecord{"abc", "hash", {}, {}, {}, {}, "root"})));
  CHECK(refused((*store)->drop_token("abc")));
  CHECK(refused((*store)->keep_ca("ca", "")));
  CHECK(refused((*store)->atomically([&]() -> Result<> {
    for (std::uint64_t i = 1; i < 1000; ++i)
      if (auto bound = (*store)->bind_node(record("i-" + std::to_string(i), "key", i)); !bound)
        return bound;
    return {};
  })));
  // Only the leader may refuse, too.
  CHECK(refused((*store)->bind_node(record("a", "other key", 1))));
  CHECK(lost.size() == 1);
  CHECK(place.get("kept/nodes/a") == node);
  CHECK(place.get("kept/cluster") == cluster);
  CHECK(place.names("kept/").size() == 2);
  CHECK(place.names("redo/").empty());
}

TEST_CASE("F7 What etcd has acknowledged survives a power failure of its machine") {
  if (!EtcdServer::installed()) SKIP("there is no etcd on this machine: tests/install-deps");
  EtcdServer server;
  etcd::Options options{{server.endpoint()}, "/kagent", {}, {}, {}};
  const auto client = std::make_shared<etcd::Client>(options);
  etcd::pb::TxnRequest request;
  request.add_success()->mutable_request_put()->set_key("/kagent/leader");
  const etcd::Fence fence{"/kagent/leader", client->txn(request)->header().revision()};
  auto store = open_etcd_store(client, "/kagent", "cluster-1", fence, {});
  REQUIRE(store);
  for (std::uint64_t i = 1; i <= 20; ++i)
    REQUIRE((*store)->bind_node(record("i-" + std::to_string(i), "key", i)));
  server.kill();
  server.start();
  REQUIRE((*store)->bind_node(record("i-21", "key", 21)));  // the client connects again by itself
  CHECK(open_etcd_store(client, "/kagent", "cluster-1", fence, {}).value()->load()->nodes.size() ==
        21);
}

TEST_CASE("F8 A damaged store in etcd is refused with what to do, and is not touched") {
  const OnEtcd place;
  REQUIRE(place.open()->bind_node(record("a", "key", 1)));
  std::string name = "kept/cluster";
  std::string value = "\xff damaged";
  std::string said = "damaged";
  SECTION("the cluster's record") {}
  SECTION("a node") {
    name = "kept/nodes/a";
  }
  SECTION("a token") {
    name = "kept/tokens/a";
  }
  SECTION("of a newer version") {
    v1::StoredCluster newer;
    newer.set_format(99);
    newer.set_cluster_id("cluster-1");
    value = newer.SerializeAsString();
    said = "newer version";
  }
  SECTION("a commit of which a part is missing") {
    name = "redo/decided";
    value = "2";
    said = "missing";
  }
  place.put(name, value);
  const auto opened = place.try_open("cluster-1");
  const auto error = opened ? (*opened)->load().error() : opened.error();
  CHECK(error.code() == Errc::data_loss);
  CHECK_THAT(error.message(), ContainsSubstring(said) && ContainsSubstring("backup"));
  CHECK(place.get(name) == value);
}

TEST_CASE("F8 A store without its cluster record is not made anew") {
  const OnEtcd place;
  REQUIRE(place.open()->bind_node(record("a", "key", 1)));
  place.erase("kept/cluster");
  CHECK(place.try_open("cluster-1").error().code() == Errc::data_loss);
  CHECK(place.get("kept/cluster").empty());
}

TEST_CASE("An outdated copy costs another try, and gives no wrong answer") {
  const OnEtcd place;
  auto store = place.open();
  auto other = place.open();
  NodeRecord node = record("a", "key", 1);
  REQUIRE(other->bind_node(node));
  // `store` does not know of this yet.
  CHECK(store->bind_node(record("a", "key-2", 1)).error().code() == Errc::already_exists);
  node.serial = 4;
  REQUIRE(other->save_node(node));
  node.serial = 3;
  CHECK(store->save_node(node).error().code() == Errc::failed_precondition);
  node.key_sha256 = "";
  REQUIRE(other->rebind_node(node, "key"));
  node.key_sha256 = "key-3";
  CHECK(store->rebind_node(node, ""));
  CHECK(place.open()->load()->nodes.at(0).record.serial == 4);
}

TEST_CASE("A write whose answer was lost is no refusal when tried again") {
  const OnEtcd place;
  auto store = place.open();
  auto earlier = place.open();
  REQUIRE(earlier->take_lease({"a", 1}));
  CHECK(store->take_lease({"a", 1}));
  CHECK(store->take_lease({"b", 1}).error().code() == Errc::failed_precondition);
  CHECK(place.open()->load()->lease == LeaseRecord{"a", 1});
}

TEST_CASE("An interrupted large commit is completed if it was decided, else dropped") {
  const OnEtcd place;
  REQUIRE(place.open()->bind_node(record("a", "key", 1)));
  const std::string node = place.get("kept/nodes/a");
  place.erase("kept/nodes/a");
  v1::StoredRedo redo;
  v1::StoredRedo::Write& write = *redo.add_writes();
  write.set_name("kept/nodes/a");
  write.set_value(node);
  place.put("redo/0", redo.SerializeAsString());
  redo.mutable_writes(0)->set_name("kept/nodes/b");
  redo.mutable_writes(0)->set_erase(true);
  place.put("redo/1", redo.SerializeAsString());
  place.put("kept/nodes/b", node);
  SECTION("decided") {
    place.put("redo/decided", "2");
    auto store = place.open();
    CHECK(place.get("kept/nodes/a") == node);
    CHECK(place.get("kept/nodes/b").empty());
    CHECK(place.get("redo/decided").empty());
  }
  SECTION("not decided") {
    auto store = place.open();
    CHECK(place.get("kept/nodes/a").empty());
    CHECK(place.get("kept/nodes/b") == node);
  }
}

TEST_CASE("The CA is the one that the store was made with, or its successor") {
  const OnEtcd place;
  auto store = place.open();
  CHECK(owner_of_etcd_store(*place.client(), place.prefix()).value()->ca_sha256.empty());
  REQUIRE(store->keep_ca("first", ""));
  REQUIRE(store->keep_ca("first", ""));
  CHECK(store->keep_ca("other", "").error().code() == Errc::data_loss);
  REQUIRE(store->keep_ca("second", "first"));
  CHECK(store->keep_ca("first", "").error().code() == Errc::data_loss);
  const auto owner = owner_of_etcd_store(*place.client(), place.prefix());
  CHECK(owner.value()->cluster_id == "cluster-1");
  CHECK(owner.value()->ca_sha256 == "second");
}
