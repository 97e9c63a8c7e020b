#include "coordinator/store/sqlite.hpp"
#include "coordinator/store/sqlite_age.hpp"
#include "coordinator/store/sqlite_schema.hpp"
#include "coordinator/store/sqlite_tokens.hpp"
#include "coordinator/store/sqlite_values.hpp"
#include "coordinator/store/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace kagent::coordinator {
namespace {

using sqlite::from_ms;
using sqlite::signed_of;
using sqlite::to_ms;
using sqlite::unsigned_of;

NodeRecord read_node(const sqlite::Statement& row) {
  NodeRecord node;
  node.id = row.text(0);
  node.key_sha256 = row.text(1);
  node.order = unsigned_of(row.number(2));
  node.name = row.text(3);
  node.wanted = static_cast<WantedRole>(row.number(4));
  node.role = static_cast<Role>(row.number(5));
  node.serial = unsigned_of(row.number(6));
  node.assignment_serial = unsigned_of(row.number(7));
  node.assignment_digest = row.text(8);
  node.reset_fence = unsigned_of(row.number(9));
  node.reset_serial = unsigned_of(row.number(10));
  node.init_failed = row.number(11) != 0;
  node.joined = row.number(12) != 0;
  node.was_ready = row.number(13) != 0;
  node.enrolled_at = from_ms(row.number(14));
  node.last_seen_at = from_ms(row.number(15));
  LeaveRecord& leave = node.leave;
  leave.stage = static_cast<LeaveStage>(row.number(17));
  leave.remove = row.number(18) != 0;
  leave.force = row.number(19) != 0;
  leave.rejoin = row.number(20) != 0;
  leave.reset_serial = unsigned_of(row.number(21));
  leave.reset_done = row.number(22) != 0;
  leave.drain_until = from_ms(row.number(23));
  leave.problem = row.text(24);
  node.barred_key = row.text(25);
  node.role_fixed = row.number(26) != 0;
  node.name_bound = row.number(27) != 0;
  return node;
}

class SqliteStore final : public Store {
 public:
  SqliteStore(sqlite::Database database, std::filesystem::path age_file)
      : database_(std::move(database)), age_file_(std::move(age_file)) {}
  // At the end, too: what was copied while it ran is older than what is left behind.
  ~SqliteStore() override {
    if (prepared_) (void)sqlite::grow_older(database_, age_file_);
  }

  Result<> prepare(const std::string& cluster_id);

  Result<Snapshot> load() override;
  // The file lies beside its CA, and is lost and restored with it.
  Result<> keep_ca(const std::string&, const std::string&) override { return {}; }
  Result<> bind_node(const NodeRecord& record) override;
  Result<> rebind_node(const NodeRecord& record, const std::string& from) override;
  Result<> save_node(const NodeRecord& record) override;
  Result<> save_reports(const std::vector<ReportRecord>& reports) override;
  Result<> take_lease(const LeaseRecord& lease) override;
  Result<> save_cluster(const ClusterRecord& cluster) override;
  Result<> save_token_hashes(const std::vector<std::string>& hashes) override;
  Result<> save_token(const TokenRecord& token) override {
    return write([&] { return sqlite::save_token(database_, token); });
  }
  Result<> drop_token(const std::string& id) override {
    return write([&] { return sqlite::drop_token(database_, id); });
  }
  Result<> atomically(const std::function<Result<>()>& work) override;

 private:
  Result<> make(const std::string& cluster_id);
  Result<> check(const std::string& cluster_id);
  Result<> migrate(std::int64_t from);
  Result<int> insert(const NodeRecord& record);
  // Runs in the transaction that is open, or in one of its own.
  Result<> write(const std::function<Result<>()>& work) {
    return in_transaction_ ? work() : atomically(work);
  }

  sqlite::Database database_;
  std::filesystem::path age_file_;
  bool prepared_ = false;
  bool in_transaction_ = false;
};

Result<> SqliteStore::prepare(const std::string& cluster_id) {
  if (auto set = database_.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                               "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;");
      !set)
    return set;
  auto tables = database_.prepare("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  if (auto row = tables->step(); !row) return row.error();
  const auto ready = tables->number(0) != 0 ? check(cluster_id) : make(cluster_id);
  if (!ready) return ready;
  auto grown = sqlite::grow_older(database_, age_file_);
  prepared_ = grown.has_value();
  return grown;
}

Result<> SqliteStore::make(const std::string& cluster_id) {
  return atomically([&]() -> Result<> {
    if (auto made = database_.run(sqlite::schema); !made) return made;
    if (auto made = migrate(1); !made) return made;
    auto first =
        database_.prepare("INSERT INTO cluster (id, schema_version, cluster_id) VALUES (1,?,?)");
    if (!first) return first.error();
    if (auto done = first->bind(sqlite::schema_version).bind(cluster_id).execute(); !done)
      return done.error();
    return {};
  });
}

Result<> SqliteStore::check(const std::string& cluster_id) {
  auto integrity = database_.prepare("PRAGMA integrity_check(1)");
  if (!integrity) return integrity.error();
  if (auto row = integrity->step(); !row) return row.error();
  if (const std::string verdict = integrity->text(0); verdict != "ok")
    return Error(Errc::data_loss, "integrity check: " + verdict);
  auto cluster = database_.prepare("SELECT schema_version, cluster_id FROM cluster");
  if (!cluster) return Error(Errc::data_loss, cluster.error().message());
  auto row = cluster->step();
  if (!row) return row.error();
  if (!*row) return Error(Errc::data_loss, "it names no cluster");
  if (cluster->number(0) > sqlite::schema_version)
    return Error(Errc::data_loss,
                 "it was written by a newer version of kagent-coordinator (schema " +
                     std::to_string(cluster->number(0)) + ")");
  if (cluster->text(1) != cluster_id)
    return Error(Errc::data_loss, "it belongs to cluster " + cluster->text(1) +
                                      ", the files beside it to " + cluster_id);
  if (cluster->number(0) == sqlite::schema_version) return {};
  return atomically([&]() -> Result<> {
    if (auto altered = migrate(cluster->number(0)); !altered) return altered;
    const std::string sql =
        "UPDATE cluster SET schema_version = " + std::to_string(sqlite::schema_version);
    return database_.run(sql.c_str());
  });
}

Result<> SqliteStore::migrate(std::int64_t from) {
  for (std::int64_t version = from; version < sqlite::schema_version; ++version) {
    const auto next = static_cast<std::size_t>(version - 1);
    if (auto altered = database_.run(sqlite::migrations.at(next)); !altered) return altered;
  }
  return {};
}

Result<Snapshot> SqliteStore::load() {
  Snapshot snapshot;
  auto cluster = database_.prepare(
      "SELECT cluster_id, initialized_by, api_server, ca_certificates, lease_holder, lease_fence "
      "FROM cluster");
  if (!cluster) return cluster.error();
  if (auto row = cluster->step(); !row) return row.error();
  snapshot.cluster_id = cluster->text(0);
  snapshot.cluster = {cluster->text(1), cluster->text(2), cluster->text(3)};
  snapshot.lease = {cluster->text(4), unsigned_of(cluster->number(5))};
  auto tokens = database_.prepare("SELECT sha256 FROM enrolment_tokens");
  if (!tokens) return tokens.error();
  for (;;) {
    auto row = tokens->step();
    if (!row) return row.error();
    if (!*row) break;
    snapshot.token_hashes.push_back(tokens->text(0));
  }
  if (auto read = sqlite::read_tokens(database_, snapshot.tokens); !read) return read.error();
  auto nodes = database_.prepare(
      "SELECT id, key_sha256, enrol_order, name, wanted, role, serial, assignment_serial, "
      "assignment_digest, reset_fence, reset_serial, init_failed, joined, was_ready, "
      "enrolled_at_ms, last_seen_at_ms, report, leave_stage, leave_remove, leave_force, "
      "leave_rejoin, leave_reset_serial, leave_reset_done, leave_drain_until_ms, leave_problem, "
      "barred_key, role_fixed, name_bound "
      "FROM nodes ORDER BY enrol_order");
  if (!nodes) return nodes.error();
  for (;;) {
    auto row = nodes->step();
    if (!row) return row.error();
    if (!*row) return snapshot;
    snapshot.nodes.push_back({read_node(*nodes), nodes->text(16)});
  }
}

Result<int> SqliteStore::insert(const NodeRecord& record) {
  auto insert = database_.prepare(
      "INSERT INTO nodes (id, key_sha256, enrol_order, name, wanted, role, serial, "
      "assignment_serial, assignment_digest, reset_fence, reset_serial, init_failed, joined, "
      "was_ready, enrolled_at_ms, last_seen_at_ms, role_fixed) "
      "VALUES (?,?,?,?,?,0,0,0,'',0,0,0,0,0,?,?,?) "
      "ON CONFLICT (id) DO NOTHING");
  if (!insert) return insert.error();
  return insert->bind(record.id)
      .bind(record.key_sha256)
      .bind(signed_of(record.order))
      .bind(record.name)
      .bind(static_cast<std::int64_t>(record.wanted))
      .bind(to_ms(record.enrolled_at))
      .bind(to_ms(record.last_seen_at))
      .bind(static_cast<std::int64_t>(record.role_fixed))
      .execute();
}

Result<> SqliteStore::bind_node(const NodeRecord& record) {
  return write([&]() -> Result<> {
    auto inserted = insert(record);
    if (!inserted) return inserted.error();
    if (*inserted == 1) return {};
    auto bound = database_.prepare("SELECT key_sha256 FROM nodes WHERE id = ?");
    if (!bound) return bound.error();
    if (auto row = bound->bind(record.id).step(); !row) return row.error();
    if (bound->text(0) == record.key_sha256) return {};
    return Error(Errc::already_exists, "node " + record.id + " is bound to another key");
  });
}

Result<> SqliteStore::rebind_node(const NodeRecord& record, const std::string& from) {
  return write([&]() -> Result<> {
    auto update = database_.prepare(
        "UPDATE nodes SET key_sha256=?, barred_key=? WHERE id=? AND key_sha256=?");
    if (!update) return update.error();
    auto changed = update->bind(record.key_sha256)
                       .bind(record.barred_key)
                       .bind(record.id)
                       .bind(from)
                       .execute();
    if (!changed) return changed.error();
    if (*changed == 1) return {};
    return Error(Errc::failed_precondition, "node " + record.id + " is bound to another key");
  });
}

Result<> SqliteStore::save_node(const NodeRecord& record) {
  return write([&]() -> Result<> {
    auto update = database_.prepare(
        "UPDATE nodes SET name=?, wanted=?, role=?, serial=?, assignment_serial=?, "
        "assignment_digest=?, reset_fence=?, reset_serial=?, init_failed=?, joined=?, was_ready=?, "
        "last_seen_at_ms=?, leave_stage=?, leave_remove=?, leave_force=?, leave_rejoin=?, "
        "leave_reset_serial=?, leave_reset_done=?, leave_drain_until_ms=?, leave_problem=?, "
        "role_fixed=?, name_bound=? "
        "WHERE id=? AND key_sha256=? AND serial<=?");
    if (!update) return update.error();
    auto changed = update->bind(record.name)
                       .bind(static_cast<std::int64_t>(record.wanted))
                       .bind(static_cast<std::int64_t>(record.role))
                       .bind(signed_of(record.serial))
                       .bind(signed_of(record.assignment_serial))
                       .bind(record.assignment_digest)
                       .bind(signed_of(record.reset_fence))
                       .bind(signed_of(record.reset_serial))
                       .bind(static_cast<std::int64_t>(record.init_failed))
                       .bind(static_cast<std::int64_t>(record.joined))
                       .bind(static_cast<std::int64_t>(record.was_ready))
                       .bind(to_ms(record.last_seen_at))
                       .bind(static_cast<std::int64_t>(record.leave.stage))
                       .bind(static_cast<std::int64_t>(record.leave.remove))
                       .bind(static_cast<std::int64_t>(record.leave.force))
                       .bind(static_cast<std::int64_t>(record.leave.rejoin))
                       .bind(signed_of(record.leave.reset_serial))
                       .bind(static_cast<std::int64_t>(record.leave.reset_done))
                       .bind(to_ms(record.leave.drain_until))
                       .bind(record.leave.problem)
                       .bind(static_cast<std::int64_t>(record.role_fixed))
                       .bind(static_cast<std::int64_t>(record.name_bound))
                       .bind(record.id)
                       .bind(record.key_sha256)
                       .bind(signed_of(record.serial))
                       .execute();
    if (!changed) return changed.error();
    if (*changed == 1) return {};
    auto known = database_.prepare("SELECT serial FROM nodes WHERE id=? AND key_sha256=?");
    if (!known) return known.error();
    auto row = known->bind(record.id).bind(record.key_sha256).step();
    if (!row) return row.error();
    if (!*row) return Error(Errc::not_found, "node " + record.id + " is not bound to this key");
    return Error(Errc::failed_precondition,
                 "node " + record.id + " has a higher serial in the store");
  });
}

Result<> SqliteStore::save_reports(const std::vector<ReportRecord>& reports) {
  return write([&]() -> Result<> {
    auto update = database_.prepare("UPDATE nodes SET report=? WHERE id=?");
    if (!update) return update.error();
    for (const ReportRecord& report : reports) {
      auto changed = update->bind_blob(report.bytes).bind(report.node_id).execute();
      if (!changed) return changed.error();
      if (*changed != 1) return Error(Errc::not_found, "node " + report.node_id + " is not bound");
    }
    return {};
  });
}

Result<> SqliteStore::take_lease(const LeaseRecord& lease) {
  return write([&]() -> Result<> {
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
  });
}

Result<> SqliteStore::save_cluster(const ClusterRecord& cluster) {
  return write([&]() -> Result<> {
    auto update =
        database_.prepare("UPDATE cluster SET initialized_by=?, api_server=?, ca_certificates=?");
    if (!update) return update.error();
    auto changed = update->bind(cluster.initialized_by)
                       .bind(cluster.api_server)
                       .bind(cluster.ca_certificates)
                       .execute();
    if (!changed) return changed.error();
    return {};
  });
}

Result<> SqliteStore::save_token_hashes(const std::vector<std::string>& hashes) {
  return write([&]() -> Result<> {
    if (auto cleared = database_.run("DELETE FROM enrolment_tokens"); !cleared) return cleared;
    auto insert = database_.prepare("INSERT OR IGNORE INTO enrolment_tokens (sha256) VALUES (?)");
    if (!insert) return insert.error();
    for (const std::string& hash : hashes)
      if (auto done = insert->bind(hash).execute(); !done) return done.error();
    return {};
  });
}

Result<> SqliteStore::atomically(const std::function<Result<>()>& work) {
  if (auto begun = database_.run("BEGIN IMMEDIATE"); !begun) return begun;
  in_transaction_ = true;
  Result<> done = work();
  in_transaction_ = false;
  if (done) done = database_.run("COMMIT");
  if (!done) (void)database_.run("ROLLBACK");
  return done;
}

// SQLite makes its -wal and -shm files with the mode of the main file.
Result<> make_private(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return errno_error(errno, "opening " + file.string());
  const int status = ::fchmod(descriptor, 0600);
  const int error = errno;
  ::close(descriptor);
  if (status != 0) return errno_error(error, "setting the mode of " + file.string());
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& file,
                                                 const std::string& cluster_id) {
  if (auto made = make_private(file); !made) return made.error();
  auto database = sqlite::Database::open(file);
  if (!database) return database.error();
  auto store = std::make_unique<SqliteStore>(std::move(*database), age_file_of(file));
  if (auto ready = store->prepare(cluster_id); !ready) {
    Error error = ready.error().context(file.string());
    if (error.code() != Errc::data_loss) return error;
    return Error(Errc::data_loss,
                 error.message() +
                     "; it is refused, never reset: restore it from a backup (if "
                     "that is what was done: kagent-coordinator(8), RESTORING), or "
                     "move the whole folder away to begin a new cluster");
  }
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace kagent::coordinator
