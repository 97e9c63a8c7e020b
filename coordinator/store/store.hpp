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

// What must outlive the coordinator: who may be whom. Every call is on disk when it returns (some
// milliseconds; etcd: at most some seconds, when it does not answer); calls inside one atomically()
// share one commit. From one thread only. Secrets are never stored, only hashes of enrolment
// tokens.
class Store {
 public:
  virtual ~Store() = default;

  // Everything. Errors: data_loss.
  virtual Result<Snapshot> load() = 0;

  // The CA, by its key's hash, that issues for these nodes: kept at the first call, compared from
  // then on. `replaced`: the one before it, which it may follow. Errors: data_loss (another one).
  virtual Result<> keep_ca(const std::string& sha256, const std::string& replaced) = 0;

  // A new node; the same id with the same key again changes nothing. already_exists: another key.
  virtual Result<> bind_node(const NodeRecord& record) = 0;

  // Only its key and those barred. failed_precondition: it is not bound to the key `from`.
  virtual Result<> rebind_node(const NodeRecord& record, const std::string& from) = 0;

  // not_found: not bound. failed_precondition: its stored serial is higher, somebody else writes.
  virtual Result<> save_node(const NodeRecord& record) = 0;

  // Each one whole, together not: after an error some may be saved. Nodes send them anew.
  // not_found: a node that is not bound.
  virtual Result<> save_reports(const std::vector<ReportRecord>& reports) = 0;

  // Compare and set: only from the fence before it. failed_precondition: another took it first.
  virtual Result<> take_lease(const LeaseRecord& lease) = 0;

  virtual Result<> save_cluster(const ClusterRecord& cluster) = 0;

  // Replaces the tokens of user-data that are accepted, each as SHA-256 in hexadecimal.
  virtual Result<> save_token_hashes(const std::vector<std::string>& hashes) = 0;

  virtual Result<> save_token(const TokenRecord& token) = 0;
  virtual Result<> drop_token(const std::string& id) = 0;

  // All that `work` writes, or nothing when it returns an error. It may be run more than once.
  virtual Result<> atomically(const std::function<Result<>()>& work) = 0;
};

// A store in one file, mode 0600: WAL, synchronous=FULL. Made with `cluster_id` when the file is
// not there. Errors: data_loss (damaged, of another cluster, of a newer version, an older copy: it
// is never reset), permission_denied, io.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& file,
                                                 const std::string& cluster_id);
// Beside it. Without it any age will do.
std::filesystem::path age_file_of(const std::filesystem::path& store);

}  // namespace kagent::coordinator
