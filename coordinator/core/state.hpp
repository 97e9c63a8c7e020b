#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/authority/authority.hpp"
#include "coordinator/core/rollback.hpp"
#include "coordinator/registry/model.hpp"
#include "coordinator/store/etcd_store.hpp"
#include "coordinator/store/store.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace kagent::coordinator {

struct State {
  Authority authority;
  Rollback rollback;
  std::unique_ptr<Store> store;
  Snapshot snapshot;
};

// How to open the store.
struct StoreSource {
  std::string name;     // for messages
  bool exists = false;  // an earlier start has made it
  bool shared = false;  // by several coordinators, each with its own state folder
  std::function<Result<std::unique_ptr<Store>>(const std::string& cluster_id)> open;
};

StoreSource sqlite_source(const std::filesystem::path& folder);  // FOLDER/store.db
// Only the leader may open it. Errors: those of owner_of_etcd_store() and check_folder().
Result<StoreSource> etcd_source(const std::filesystem::path& folder,
                                std::shared_ptr<etcd::Client> client, const std::string& prefix,
                                etcd::Fence fence, std::function<void(const Error&)> lost);

// Keeps etcd's revision in the folder, at each start and end. Errors: data_loss: etcd's revision is
// lower than the one kept, so etcd was put back from an older copy.
Result<> note_revision(const std::filesystem::path& folder, std::int64_t revision);

// Checks that the folder's cluster-id and CA are those that the store was made with. Changes
// nothing. Errors: data_loss, permission_denied.
Result<> check_folder(const std::filesystem::path& folder, const StoreOwner& owner);

// Opens everything in the state folder and the store, which the first start makes: cluster-id, the
// store, the CA and its certificates (authority.hpp). Drops expired tokens. Errors: data_loss:
// cluster-id, store or CA is missing or does not fit the others, or all are older than what nodes
// know (rollback.hpp).
Result<State> open_state(const std::filesystem::path& folder,
                         const std::filesystem::path& token_file,
                         std::chrono::system_clock::time_point now, const StoreSource& source);
inline Result<State> open_state(const std::filesystem::path& folder,
                                const std::filesystem::path& token_file,
                                std::chrono::system_clock::time_point now) {
  return open_state(folder, token_file, now, sqlite_source(folder));
}

}  // namespace kagent::coordinator
