#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/model.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::coordinator {

struct ReportRecord {
  std::string node_id;
  std::string_view bytes;  // a NodeReport, serialised
};

// What must outlive the coordinator: nodes, roles, keys and tokens. Every write is on disk when its
// call returns, which takes milliseconds, or some seconds if etcd does not answer. Calls inside one
// atomically() share one commit. For one thread only. Secrets are never stored, only hashes of
// enrolment tokens.
class Store {
 public:
  virtual ~Store() = default;

  // Everything. Errors: data_loss.
  virtual Result<Snapshot> load() = 0;

  // Keeps the hash of the CA's key at the first call, and compares it from then on. `replaced`: the
  // hash of the previous CA, which the new one may follow. Errors: data_loss (another CA).
  virtual Result<> keep_ca(const std::string& sha256, const std::string& replaced) = 0;

  // A new node. Idempotent for the same id and key. Errors: already_exists (another key).
  virtual Result<> bind_node(const NodeRecord& record) = 0;

  // Saves only key_sha256 and barred_key. Errors: failed_precondition (not bound to key `from`).
  virtual Result<> rebind_node(const NodeRecord& record, const std::string& from) = 0;

  // Errors: not_found (not bound); failed_precondition (stored serial is higher: another writer).
  virtual Result<> save_node(const NodeRecord& record) = 0;

  // Each report is saved atomically; the batch is not. Nodes send lost reports again.
  // Errors: not_found (a node is not bound).
  virtual Result<> save_reports(const std::vector<ReportRecord>& reports) = 0;

  // Compare and set, from fence - 1. Errors: failed_precondition (another coordinator took it).
  virtual Result<> take_lease(const LeaseRecord& lease) = 0;

  virtual Result<> save_cluster(const ClusterRecord& cluster) = 0;

  // Replaces the accepted tokens of user-data, each as SHA-256 in hexadecimal.
  virtual Result<> save_token_hashes(const std::vector<std::string>& hashes) = 0;

  virtual Result<> save_token(const TokenRecord& token) = 0;
  virtual Result<> drop_token(const std::string& id) = 0;

  // Commits what `work` writes, or nothing if `work` returns an error. `work` may run repeatedly.
  virtual Result<> atomically(const std::function<Result<>()>& work) = 0;
};

// A store in one file, mode 0600: WAL, synchronous=FULL. Made with `cluster_id` if there is no
// file. Errors: data_loss (damaged, of another cluster, of a newer version, an older copy: the file
// is never reset), permission_denied, io.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& file,
                                                 const std::string& cluster_id);
// The file beside the store that holds its age. Without that file any age is accepted.
std::filesystem::path age_file_of(const std::filesystem::path& store);

}  // namespace kagent::coordinator
