#include "coordinator/store/store.hpp"
#include "tests/support/result.hpp"
#include "tests/support/temporary_folder.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <fstream>
#include <thread>

using namespace kagent;
using namespace kagent::coordinator;
namespace fs = std::filesystem;

namespace {
std::atomic<int> syncs{0};
}

// SQLite's call comes here, and what it waits for is counted.
extern "C" int fdatasync(int descriptor) {
  ++syncs;
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

namespace {

std::unique_ptr<Store> open(const fs::path& file) {
  auto store = open_sqlite_store(file, "cluster-1");
  REQUIRE(store);
  return std::move(*store);
}

NodeRecord record(const std::string& id, const std::string& key, std::uint64_t order) {
  NodeRecord node;
  node.id = id;
  node.key_sha256 = key;
  node.order = order;
  node.enrolled_at = std::chrono::system_clock::time_point(std::chrono::hours(490'000));
  node.last_seen_at = node.enrolled_at;
  return node;
}

mode_t mode_of(const fs::path& file) {
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("Everything that was saved is there after the store is opened again") {
  const TemporaryFolder folder;
  NodeRecord node = record("a", "key", 1);
  {
    auto store = open(folder / "store.db");
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
    REQUIRE(store->save_report("a", std::string("\0report", 7)));
    REQUIRE(store->take_lease({"a", 1}));
    REQUIRE(store->save_cluster({"a", "10.0.0.1:6443", "PEM"}));
    REQUIRE(store->save_token_hashes({"hash"}));
  }
  const auto snapshot = open(folder / "store.db")->load();
  REQUIRE(snapshot);
  REQUIRE(snapshot->nodes.size() == 1);
  CHECK(snapshot->nodes[0].record == node);
  CHECK(snapshot->nodes[0].report == std::string("\0report", 7));
  CHECK(snapshot->lease == LeaseRecord{"a", 1});
  CHECK(snapshot->cluster == ClusterRecord{"a", "10.0.0.1:6443", "PEM"});
  CHECK(snapshot->token_hashes == std::vector<std::string>{"hash"});
  CHECK(snapshot->cluster_id == "cluster-1");
}

TEST_CASE("A node id is bound once, however many ask for it at the same time") {
  const TemporaryFolder folder;
  open(folder / "store.db");
  constexpr int racers = 8;
  std::atomic<int> bound{0};
  std::atomic<int> refused{0};
  std::vector<std::unique_ptr<Store>> stores;  // one after the other, as coordinators start
  for (int i = 0; i < racers; ++i) stores.push_back(open(folder / "store.db"));
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < racers; ++i)
      threads.emplace_back([&, i] {
        Store& store = *stores[static_cast<std::size_t>(i)];
        const auto order = static_cast<std::uint64_t>(i) + 1;
        const auto done = store.bind_node(record("a", "key-" + std::to_string(i), order));
        if (done) ++bound;
        if (!done && done.error().code() == Errc::already_exists) ++refused;
      });
  }
  CHECK(bound == 1);
  CHECK(refused == racers - 1);
}

TEST_CASE("Binding the same id to the same key again changes nothing") {
  const TemporaryFolder folder;
  auto store = open(folder / "store.db");
  NodeRecord node = record("a", "key", 1);
  REQUIRE(store->bind_node(node));
  node.role = Role::worker;
  node.serial = 3;
  REQUIRE(store->save_node(node));
  REQUIRE(store->bind_node(record("a", "key", 1)));
  CHECK(store->load()->nodes[0].record == node);
}

TEST_CASE("The lease is taken only from the fence before it, and not once a cluster exists") {
  const TemporaryFolder folder;
  auto store = open(folder / "store.db");
  REQUIRE(store->take_lease({"a", 1}));
  CHECK(store->take_lease({"b", 1}).error().code() == Errc::failed_precondition);
  CHECK(store->take_lease({"b", 3}).error().code() == Errc::failed_precondition);
  REQUIRE(store->take_lease({"b", 2}));
  REQUIRE(store->save_cluster({"b", "10.0.0.1:6443", "PEM"}));
  CHECK(store->take_lease({"c", 3}).error().code() == Errc::failed_precondition);
  CHECK(store->load()->lease == LeaseRecord{"b", 2});
}

TEST_CASE("A serial never goes back, and a node that is not bound cannot be saved") {
  const TemporaryFolder folder;
  auto store = open(folder / "store.db");
  NodeRecord node = record("a", "key", 1);
  REQUIRE(store->bind_node(node));
  node.serial = 5;
  REQUIRE(store->save_node(node));
  node.serial = 4;
  CHECK(store->save_node(node).error().code() == Errc::failed_precondition);
  CHECK(store->save_node(record("b", "key", 2)).error().code() == Errc::not_found);
  CHECK(store->save_node(record("a", "other key", 1)).error().code() == Errc::not_found);
}

TEST_CASE("What fails half-way leaves nothing behind") {
  const TemporaryFolder folder;
  auto store = open(folder / "store.db");
  const auto done = store->atomically([&]() -> Result<> {
    if (auto bound = store->bind_node(record("a", "key", 1)); !bound) return bound;
    return Error(Errc::internal, "as if");
  });
  CHECK_FALSE(done);
  CHECK(store->load()->nodes.empty());
  CHECK(store->bind_node(record("a", "key", 1)));  // and it goes on
}

TEST_CASE("Its files are for their owner only") {
  const TemporaryFolder folder;
  auto store = open(folder / "store.db");
  REQUIRE(store->bind_node(record("a", "key", 1)));
  CHECK(mode_of(folder / "store.db") == 0600);
  CHECK(mode_of(folder / "store.db-wal") == 0600);
  CHECK(mode_of(folder / "store.db-shm") == 0600);
}

TEST_CASE("F7 A write is on the disk when it returns") {
  const TemporaryFolder folder;
  auto store = open(folder / "store.db");
  int before = syncs;
  REQUIRE(store->bind_node(record("a", "key", 1)));
  CHECK(syncs > before);
  before = syncs;
  REQUIRE(store->save_token_hashes({"hash"}));
  CHECK(syncs > before);
  before = syncs;
  REQUIRE(store->atomically([&]() -> Result<> {
    if (auto saved = store->save_token_hashes({"other"}); !saved) return saved;
    return store->drop_token("none");
  }));
  CHECK(syncs > before);
}

TEST_CASE("F8 A damaged file is refused with what to do, and is not touched") {
  const TemporaryFolder folder;
  const fs::path file = folder / "store.db";
  std::string bytes;
  SECTION("it is something else") {
    bytes = std::string(8192, 'x');
  }
  SECTION("a page is overwritten") {
    {
      auto store = open(file);
      for (int i = 0; i < 200; ++i)
        REQUIRE(store->bind_node(
            record("n" + std::to_string(i), "key", static_cast<std::uint64_t>(i) + 1)));
    }
    std::ifstream in(file, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
    REQUIRE(bytes.size() > 20'000);
    bytes.replace(8192, 8192, 8192, '\x5a');
  }
  std::ofstream(file, std::ios::binary) << bytes;
  const auto store = open_sqlite_store(file, "cluster-1");
  REQUIRE_FALSE(store);
  CHECK(store.error().code() == Errc::data_loss);
  CHECK(store.error().message().find("backup") != std::string::npos);
  std::ifstream in(file, std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == bytes);
}

TEST_CASE("F8 The store of another cluster or a newer version is refused") {
  const TemporaryFolder folder;
  open(folder / "store.db");
  CHECK(open_sqlite_store(folder / "store.db", "cluster-2").error().code() == Errc::data_loss);
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open((folder / "store.db").c_str(), &handle) == SQLITE_OK);
  REQUIRE(sqlite3_exec(handle, "UPDATE cluster SET schema_version=99", nullptr, nullptr, nullptr) ==
          SQLITE_OK);
  sqlite3_close(handle);
  const auto newer = open_sqlite_store(folder / "store.db", "cluster-1");
  REQUIRE_FALSE(newer);
  CHECK(newer.error().message().find("newer version") != std::string::npos);
}

TEST_CASE("A node is bound to another key only from the one that it has") {
  const TemporaryFolder folder;
  NodeRecord node = record("a", "key", 1);
  {
    auto store = open(folder / "store.db");
    REQUIRE(store->bind_node(node));
    node.key_sha256 = "";
    node.barred_key = "key";
    CHECK(store->rebind_node(node, "other").error().code() == Errc::failed_precondition);
    REQUIRE(store->rebind_node(node, "key"));
    CHECK(store->rebind_node(node, "key").error().code() == Errc::failed_precondition);
    node.key_sha256 = "key-2";
    REQUIRE(store->rebind_node(node, ""));
  }
  CHECK(open(folder / "store.db")->load()->nodes.at(0).record == node);
}

TEST_CASE("A store of version 1 is brought to this one, with all that is in it") {
  const TemporaryFolder folder;
  NodeRecord node = record("a", "key", 1);
  node.name = "ip-10-0-0-1";
  {
    auto store = open(folder / "store.db");
    REQUIRE(store->bind_node(node));
    node.joined = true;
    REQUIRE(store->save_node(node));
  }
  node.name_bound = true;  // whoever had joined keeps its name
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open((folder / "store.db").c_str(), &handle) == SQLITE_OK);
  for (const char* column : {"leave_stage", "leave_remove", "leave_force", "leave_rejoin",
                             "leave_reset_serial", "leave_reset_done", "leave_drain_until_ms",
                             "leave_problem", "barred_key", "role_fixed", "name_bound"}) {
    const std::string drop = std::string("ALTER TABLE nodes DROP COLUMN ") + column;
    REQUIRE(sqlite3_exec(handle, drop.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  REQUIRE(sqlite3_exec(handle, "DROP TABLE tokens", nullptr, nullptr, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_exec(handle, "UPDATE cluster SET schema_version=1", nullptr, nullptr, nullptr) ==
          SQLITE_OK);
  sqlite3_close(handle);
  for (int again = 0; again < 2; ++again) {
    const auto snapshot = open(folder / "store.db")->load();
    REQUIRE(snapshot);
    REQUIRE(snapshot->nodes.size() == 1);
    CHECK(snapshot->nodes[0].record == node);
  }
}
