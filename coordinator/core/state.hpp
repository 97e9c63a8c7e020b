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

// Where the records are.
struct StoreSource {
  std::string name;     // as an error says it
  bool exists = false;  // it was made before
  bool shared = false;  // with other coordinators, each with a state folder of its own
  std::function<Result<std::unique_ptr<Store>>(const std::string& cluster_id)> open;
};

StoreSource sqlite_source(const std::filesystem::path& folder);  // FOLDER/store.db
// For the leader. Errors: as of owner_of_etcd_store(); of check_folder().
Result<StoreSource> etcd_source(const std::filesystem::path& folder,
                                std::shared_ptr<etcd::Client> client, const std::string& prefix,
                                etcd::Fence fence, std::function<void(const Error&)> lost);

// Keeps in the folder that etcd's revision has come so far, at a start and at an end: one that was
// put back from an older copy is at a lower one. Errors: data_loss: so it is.
Result<> note_revision(const std::filesystem::path& folder, std::int64_t revision);

// Whether a coordinator of this folder may serve that store: its cluster-id and CA are those that
// the store was made with. Changes nothing. Errors: data_loss, permission_denied.
Result<> check_folder(const std::filesystem::path& folder, const StoreOwner& owner);

// Everything in the state folder and the store, made at the first start: cluster-id, the store,
// the CA and what it has issued (authority.hpp). Tokens that have expired are dropped. Errors:
// data_loss when one of cluster-id, store and CA is missing or does not fit the others, or all are
// older than what nodes know (rollback.hpp).
Result<State> open_state(const std::filesystem::path& folder,
                         const std::filesystem::path& token_file,
                         std::chrono::system_clock::time_point now, const StoreSource& source);
inline Result<State> open_state(const std::filesystem::path& folder,
                                const std::filesystem::path& token_file,
                                std::chrono::system_clock::time_point now) {
  return open_state(folder, token_file, now, sqlite_source(folder));
}

}  // namespace kagent::coordinator
