#include "coordinator/store/sqlite_schema.hpp"

#include <array>
#include <cstdint>

namespace kagent::coordinator::sqlite {
namespace {

// The tables of version 1.
constexpr char schema[] = R"sql(
CREATE TABLE cluster (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  schema_version INTEGER NOT NULL,
  cluster_id TEXT NOT NULL,
  initialized_by TEXT NOT NULL DEFAULT '',
  api_server TEXT NOT NULL DEFAULT '',
  ca_certificates TEXT NOT NULL DEFAULT '',
  lease_holder TEXT NOT NULL DEFAULT '',
  lease_fence INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE nodes (
  id TEXT PRIMARY KEY,
  key_sha256 TEXT NOT NULL,
  enrol_order INTEGER NOT NULL UNIQUE,
  name TEXT NOT NULL,
  wanted INTEGER NOT NULL,
  role INTEGER NOT NULL,
  serial INTEGER NOT NULL,
  assignment_serial INTEGER NOT NULL,
  assignment_digest TEXT NOT NULL,
  reset_fence INTEGER NOT NULL,
  reset_serial INTEGER NOT NULL,
  init_failed INTEGER NOT NULL,
  joined INTEGER NOT NULL,
  was_ready INTEGER NOT NULL,
  enrolled_at_ms INTEGER NOT NULL,
  last_seen_at_ms INTEGER NOT NULL,
  report BLOB NOT NULL DEFAULT x''
) STRICT;
CREATE TABLE enrolment_tokens (sha256 TEXT PRIMARY KEY) STRICT;
)sql";

constexpr char schema_2[] = R"sql(
ALTER TABLE nodes ADD COLUMN leave_stage INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_remove INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_force INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_rejoin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_reset_serial INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_reset_done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_drain_until_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN leave_problem TEXT NOT NULL DEFAULT '';
)sql";

constexpr char schema_3[] = "ALTER TABLE nodes ADD COLUMN barred_key TEXT NOT NULL DEFAULT '';";

constexpr char schema_4[] = R"sql(
ALTER TABLE nodes ADD COLUMN role_fixed INTEGER NOT NULL DEFAULT 0;
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL,
  role INTEGER NOT NULL,
  uses_left INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  created_by TEXT NOT NULL
) STRICT;
)sql";

// Nodes that had joined were let in under their names, and removed ones may still have a Node.
constexpr char schema_5[] = R"sql(
ALTER TABLE nodes ADD COLUMN name_bound INTEGER NOT NULL DEFAULT 0;
UPDATE nodes SET name_bound = (joined OR leave_remove) WHERE name <> '';
)sql";

// Each leads from one version to the next, the first from 1. A released migration never changes.
constexpr std::array migrations{schema_2, schema_3, schema_4, schema_5};
constexpr std::int64_t schema_version = 1 + std::int64_t{migrations.size()};

Result<> migrate(Database& database, std::int64_t from) {
  for (std::int64_t version = from; version < schema_version; ++version) {
    const auto next = static_cast<std::size_t>(version - 1);
    if (auto altered = database.run(migrations.at(next)); !altered) return altered;
  }
  return {};
}

Result<> make(Database& database, Transactions& transactions, const std::string& cluster_id) {
  return transactions.atomically([&]() -> Result<> {
    if (auto made = database.run(schema); !made) return made;
    if (auto made = migrate(database, 1); !made) return made;
    auto first =
        database.prepare("INSERT INTO cluster (id, schema_version, cluster_id) VALUES (1,?,?)");
    if (!first) return first.error();
    if (auto done = first->bind(schema_version).bind(cluster_id).execute(); !done)
      return done.error();
    return {};
  });
}

Result<> check_integrity(Database& database) {
  auto integrity = database.prepare("PRAGMA integrity_check(1)");
  if (!integrity) return integrity.error();
  if (auto row = integrity->step(); !row) return row.error();
  if (const std::string verdict = integrity->text(0); verdict != "ok")
    return Error(Errc::data_loss, "integrity check: " + verdict);
  return {};
}

Result<> check(Database& database, Transactions& transactions, const std::string& cluster_id) {
  if (auto sound = check_integrity(database); !sound) return sound;
  auto cluster = database.prepare("SELECT schema_version, cluster_id FROM cluster");
  if (!cluster) return Error(Errc::data_loss, cluster.error().message());
  auto row = cluster->step();
  if (!row) return row.error();
  if (!*row) return Error(Errc::data_loss, "it names no cluster");
  if (cluster->number(0) > schema_version)
    return Error(Errc::data_loss,
                 "it was written by a newer version of kagent-coordinator (schema " +
                     std::to_string(cluster->number(0)) + ")");
  if (cluster->text(1) != cluster_id)
    return Error(Errc::data_loss, "it belongs to cluster " + cluster->text(1) +
                                      ", the files beside it to " + cluster_id);
  if (cluster->number(0) == schema_version) return {};
  return transactions.atomically([&]() -> Result<> {
    if (auto altered = migrate(database, cluster->number(0)); !altered) return altered;
    const std::string sql = "UPDATE cluster SET schema_version = " + std::to_string(schema_version);
    return database.run(sql.c_str());
  });
}

}  // namespace

Result<> prepare_schema(Database& database, Transactions& transactions,
                        const std::string& cluster_id) {
  auto tables = database.prepare("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  if (auto row = tables->step(); !row) return row.error();
  return tables->number(0) != 0 ? check(database, transactions, cluster_id)
                                : make(database, transactions, cluster_id);
}

}  // namespace kagent::coordinator::sqlite
