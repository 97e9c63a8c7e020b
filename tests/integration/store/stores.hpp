#pragma once

#include "coordinator/store/etcd_store.hpp"
#include "coordinator/store/store.hpp"
#include "tests/support/etcd_server.hpp"
#include "tests/support/result.hpp"
#include "tests/support/temporary_folder.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace kagent::coordinator {

NodeRecord record(const std::string& id, const std::string& key, std::uint64_t order);

// A place for one store, empty at first.
class OnSqlite {
 public:
  [[nodiscard]] Result<std::unique_ptr<Store>> try_open(const std::string& cluster_id) const {
    return open_sqlite_store(file(), cluster_id);
  }
  [[nodiscard]] std::unique_ptr<Store> open() const;
  [[nodiscard]] std::filesystem::path file() const { return folder_ / "store.db"; }

 private:
  TemporaryFolder folder_;
};

// All stores of one place hold the same fence, so each may write. Without an etcd binary the test
// is skipped.
class OnEtcd {
 public:
  OnEtcd();

  [[nodiscard]] Result<std::unique_ptr<Store>> try_open(const std::string& cluster_id) const;
  [[nodiscard]] std::unique_ptr<Store> open() const;

  static EtcdServer& server();  // of this program
  [[nodiscard]] const etcd::Options& options() const { return options_; }
  [[nodiscard]] const std::string& prefix() const { return options_.prefix; }
  [[nodiscard]] std::shared_ptr<etcd::Client> client() const { return client_; }
  [[nodiscard]] const etcd::Fence& fence() const { return fence_; }

  // Writes around the store; `name` is below PREFIX/.
  std::int64_t put(const std::string& name,
                   const std::string& value) const;  // returns the revision
  void erase(const std::string& name) const;
  [[nodiscard]] std::string get(const std::string& name) const;  // empty: there is no such key
  [[nodiscard]] std::vector<std::string> names(const std::string& folder = "") const;

 private:
  etcd::Options options_;
  std::shared_ptr<etcd::Client> client_;
  etcd::Fence fence_;
};

}  // namespace kagent::coordinator
