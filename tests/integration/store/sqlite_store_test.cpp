#include "tests/integration/store/stores.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <fstream>

using namespace kagent;
using namespace kagent::coordinator;
namespace fs = std::filesystem;

namespace {
std::atomic<int> syncs{0};
}

// SQLite calls this instead of libc's, so that the test can count.
extern "C" int fdatasync(int descriptor) {
  ++syncs;
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

namespace {

mode_t mode_of(const fs::path& file) {
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("The files of the store are for their owner only") {
  const OnSqlite place;
  auto store = place.open();
  REQUIRE(store->bind_node(record("a", "key", 1)));
  CHECK(mode_of(place.file()) == 0600);
  CHECK(mode_of(place.file().string() + "-wal") == 0600);
  CHECK(mode_of(place.file().string() + "-shm") == 0600);
}

TEST_CASE("F7 A write is on disk when its call returns") {
  const OnSqlite place;
  auto store = place.open();
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
  const OnSqlite place;
  const fs::path file = place.file();
  std::string bytes;
  SECTION("it is something else") {
    bytes = std::string(8192, 'x');
  }
  SECTION("a page is overwritten") {
    {
      auto store = place.open();
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
  const auto store = place.try_open("cluster-1");
  REQUIRE_FALSE(store);
  CHECK(store.error().code() == Errc::data_loss);
  CHECK(store.error().message().find("backup") != std::string::npos);
  std::ifstream in(file, std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == bytes);
}

TEST_CASE("F8 The store of a newer version is refused") {
  const OnSqlite place;
  REQUIRE(place.open());
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open((place.file()).c_str(), &handle) == SQLITE_OK);
  REQUIRE(sqlite3_exec(handle, "UPDATE cluster SET schema_version=99", nullptr, nullptr, nullptr) ==
          SQLITE_OK);
  sqlite3_close(handle);
  const auto newer = place.try_open("cluster-1");
  REQUIRE_FALSE(newer);
  CHECK(newer.error().message().find("newer version") != std::string::npos);
}

TEST_CASE("A store of version 1 is migrated with all that it holds") {
  const OnSqlite place;
  NodeRecord node = record("a", "key", 1);
  node.name = "ip-10-0-0-1";
  {
    auto store = place.open();
    REQUIRE(store->bind_node(node));
    node.joined = true;
    REQUIRE(store->save_node(node));
  }
  node.name_bound = true;  // a node that had joined keeps its name
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open((place.file()).c_str(), &handle) == SQLITE_OK);
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
    const auto snapshot = place.open()->load();
    REQUIRE(snapshot);
    REQUIRE(snapshot->nodes.size() == 1);
    CHECK(snapshot->nodes[0].record == node);
  }
}
