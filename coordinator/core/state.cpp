#include "coordinator/core/state.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "coordinator/authority/ca_files.hpp"
#include "coordinator/authority/state_files.hpp"

#include <algorithm>
#include <cstdlib>

namespace kagent::coordinator {
namespace {

namespace fs = std::filesystem;
using std::chrono::system_clock;

// The store holds the hash of the token in force. Of coordinators that share a store, another one
// may have renewed the token in its own folder. A token given with --token-file is always in force.
Result<> keep_token_hash(State& state, bool shared) {
  const std::vector<std::string> hashes{pki::sha256_hex(state.authority.enrolment_token)};
  if (state.snapshot.token_hashes == hashes) return {};
  const fs::path& own = state.authority.own_token_file;
  if (shared && !own.empty() && !state.snapshot.token_hashes.empty()) {
    log::warning(
        "{} does not hold the token in force: copy the file from the coordinator that has renewed "
        "the token, and restart",
        own.string());
    state.authority.enrolment_token.clear();
    return {};
  }
  state.snapshot.token_hashes = hashes;
  return state.store->save_token_hashes(hashes);
}

Result<> drop_expired_tokens(State& state, system_clock::time_point now) {
  const auto dropped = state.store->atomically([&]() -> Result<> {
    for (const TokenRecord& token : state.snapshot.tokens)
      if (token.expires_at <= now)
        if (auto done = state.store->drop_token(token.id); !done) return done;
    return {};
  });
  if (dropped)
    std::erase_if(state.snapshot.tokens, [&](const auto& each) { return each.expires_at <= now; });
  return dropped;
}

Error does_not_fit(const fs::path& folder, std::string_view what) {
  return {Errc::data_loss, folder.string() + ": " + std::string(what) +
                               "; restore the folder from a backup, or move it away to begin a new "
                               "cluster"};
}

Error not_of(const fs::path& folder, const StoreOwner& owner, const std::string& what) {
  return {Errc::data_loss,
          folder.string() + ": " + what + ", and the store is that of cluster " + owner.cluster_id +
              ": copy cluster-id, ca.crt, ca.key, ca-before.pem (if there is one) and "
              "enrolment-token from the folder of the coordinator that has made it"};
}

}  // namespace

Result<> check_folder(const fs::path& folder, const StoreOwner& owner) {
  const auto cluster_id = read_file(folder / "cluster-id");
  if (!cluster_id && cluster_id.error().code() == Errc::not_found)
    return not_of(folder, owner, "cluster-id is missing");
  if (!cluster_id) return cluster_id.error();
  if (trimmed(*cluster_id) != owner.cluster_id)
    return not_of(folder, owner, "cluster-id says " + trimmed(*cluster_id));
  if (owner.ca_sha256.empty()) return {};  // the first start was interrupted before it made a CA
  const auto cas = cas_in(folder);
  if (!cas && cas.error().code() == Errc::not_found)
    return not_of(folder, owner, "ca.crt is missing");
  if (!cas) return cas.error();
  if (std::ranges::count(*cas, owner.ca_sha256) == 0)
    return not_of(
        folder, owner,
        "the CA is sha256:" + cas->front() + ", that of the store sha256:" + owner.ca_sha256);
  return {};
}

Result<> note_revision(const fs::path& folder, std::int64_t revision) {
  const fs::path file = age_file_of(folder / "store.db");
  const auto before = read_file(file, 64);
  if (!before && before.error().code() != Errc::not_found) return before.error();
  if (before && std::atoll(before->c_str()) > revision)
    return Error(Errc::data_loss, "etcd is an older copy that was put back: it is at revision " +
                                      std::to_string(revision) + ", " + file.string() +
                                      " knows of " + trimmed(*before) +
                                      "; kagent-coordinator(8), RESTORING");
  return write_file_atomic(file, std::to_string(revision) + "\n", secret_mode);
}

StoreSource sqlite_source(const fs::path& folder) {
  std::error_code ignored;
  const fs::path file = folder / "store.db";
  return {"store.db", fs::exists(file, ignored), false,
          [file](const std::string& cluster_id) { return open_sqlite_store(file, cluster_id); }};
}

Result<StoreSource> etcd_source(const fs::path& folder, std::shared_ptr<etcd::Client> client,
                                const std::string& prefix, etcd::Fence fence,
                                std::function<void(const Error&)> lost) {
  const auto owner = owner_of_etcd_store(*client, prefix);
  if (!owner) return owner.error();
  if (*owner)
    if (auto fits = check_folder(folder, **owner); !fits) return fits.error();
  auto open = [=, known = *owner](const std::string& cluster_id) -> Result<std::unique_ptr<Store>> {
    if (known)
      if (auto noted = note_revision(folder, known->revision); !noted) return noted.error();
    return open_etcd_store(client, prefix, cluster_id, fence, lost);
  };
  return StoreSource{"the store " + prefix + " in etcd", owner->has_value(), true, std::move(open)};
}

// The order of creation (cluster-id, store, CA) tells an interrupted first start from a loss: a CA
// without a store means that the store was lost.
Result<State> open_state(const fs::path& folder, const fs::path& token_file,
                         system_clock::time_point now, const StoreSource& source) {
  std::error_code ignored;
  const bool has_ca = fs::exists(folder / "ca.crt", ignored);
  const bool has_id = fs::exists(folder / "cluster-id", ignored);
  if (has_ca && !source.exists)
    return does_not_fit(folder, "there is a CA, but " + source.name + " is missing");
  if ((has_ca || source.exists) && !has_id) return does_not_fit(folder, "cluster-id is missing");

  State state;
  state.rollback = Rollback(folder);
  if (auto checked = state.rollback.check(); !checked) return checked.error();
  const auto cluster_id = read_or_make(
      folder / "cluster-id", []() -> Result<std::string> { return pki::random_hex(8) + "\n"; });
  if (!cluster_id) return cluster_id.error();

  auto store = source.open(trimmed(*cluster_id));
  if (!store) return store.error();
  state.store = std::move(*store);
  auto snapshot = state.store->load();
  if (!snapshot) return snapshot.error();
  state.snapshot = std::move(*snapshot);
  if (auto on = state.rollback.go_on(*state.store, state.snapshot, now); !on) return on.error();
  if (!has_ca && !state.snapshot.nodes.empty())
    return does_not_fit(folder, "ca.crt is missing, but nodes are enrolled");

  auto authority = open_authority(folder, trimmed(*cluster_id), token_file, now);
  if (!authority) return authority.error();
  state.authority = std::move(*authority);
  if (auto kept = state.store->keep_ca(state.authority.ca_sha256, state.authority.replaced_ca);
      !kept)
    return kept.error().context(source.name);
  if (auto kept = keep_token_hash(state, source.shared); !kept) return kept.error();
  if (auto dropped = drop_expired_tokens(state, now); !dropped) return dropped.error();
  return state;
}

}  // namespace kagent::coordinator
