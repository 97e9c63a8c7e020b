#include "coordinator/store/sqlite.hpp"
#include "coordinator/store/sqlite_age.hpp"
#include "coordinator/store/sqlite_cluster.hpp"
#include "coordinator/store/sqlite_nodes.hpp"
#include "coordinator/store/sqlite_schema.hpp"
#include "coordinator/store/sqlite_tokens.hpp"
#include "coordinator/store/sqlite_transaction.hpp"
#include "coordinator/store/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace kagent::coordinator {
namespace {

class SqliteStore final : public Store {
 public:
  SqliteStore(sqlite::Database database, std::filesystem::path age_file)
      : database_(std::move(database)), age_file_(std::move(age_file)) {}
  // The age grows at the end as well, so a copy made while the store was open counts as older.
  ~SqliteStore() override {
    if (prepared_) (void)sqlite::grow_older(database_, age_file_);
  }

  Result<> prepare(const std::string& cluster_id);

  Result<Snapshot> load() override;
  // The file and the CA are in one folder, and are lost and restored together.
  Result<> keep_ca(const std::string&, const std::string&) override { return {}; }
  Result<> bind_node(const NodeRecord& record) override {
    return transactions_.join([&] { return nodes_.bind(record); });
  }
  Result<> rebind_node(const NodeRecord& record, const std::string& from) override {
    return transactions_.join([&] { return nodes_.rebind(record, from); });
  }
  Result<> save_node(const NodeRecord& record) override {
    return transactions_.join([&] { return nodes_.save(record); });
  }
  Result<> save_reports(const std::vector<ReportRecord>& reports) override {
    return transactions_.join([&] { return nodes_.save_reports(reports); });
  }
  Result<> take_lease(const LeaseRecord& lease) override {
    return transactions_.join([&] { return cluster_.take_lease(lease); });
  }
  Result<> save_cluster(const ClusterRecord& cluster) override {
    return transactions_.join([&] { return cluster_.save(cluster); });
  }
  Result<> save_token_hashes(const std::vector<std::string>& hashes) override {
    return transactions_.join([&] { return tokens_.save_hashes(hashes); });
  }
  Result<> save_token(const TokenRecord& token) override {
    return transactions_.join([&] { return tokens_.save(token); });
  }
  Result<> drop_token(const std::string& id) override {
    return transactions_.join([&] { return tokens_.drop(id); });
  }
  Result<> atomically(const std::function<Result<>()>& work) override {
    return transactions_.atomically(work);
  }

 private:
  sqlite::Database database_;
  std::filesystem::path age_file_;
  sqlite::Transactions transactions_{database_};
  sqlite::ClusterTable cluster_{database_};
  sqlite::NodeTable nodes_{database_};
  sqlite::TokenTables tokens_{database_};
  bool prepared_ = false;
};

Result<> SqliteStore::prepare(const std::string& cluster_id) {
  if (auto set = database_.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                               "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;");
      !set)
    return set;
  if (auto ready = sqlite::prepare_schema(database_, transactions_, cluster_id); !ready)
    return ready;
  auto grown = sqlite::grow_older(database_, age_file_);
  prepared_ = grown.has_value();
  return grown;
}

Result<Snapshot> SqliteStore::load() {
  Snapshot snapshot;
  if (auto read = cluster_.read(snapshot); !read) return read.error();
  if (auto read = tokens_.read(snapshot); !read) return read.error();
  auto nodes = nodes_.read();
  if (!nodes) return nodes.error();
  snapshot.nodes = std::move(*nodes);
  return snapshot;
}

// SQLite gives its -wal and -shm files the mode of the main file.
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
