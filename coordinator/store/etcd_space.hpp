#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/store/etcd.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::coordinator::etcd {

// The leader's key, as this coordinator made it when it became the leader. Every write is
// conditional on it, so a former leader can no longer write, whatever its clock says.
struct Fence {
  std::string key;
  std::int64_t created = 0;  // revision
};

// The keys below PREFIX/ as one writer sees them; a `name` is the rest of such a key. A Space keeps
// a copy of all keys below kept/ with their revisions. A write is conditional on the revisions that
// were read, so an outdated copy costs another try and does no harm. Other keys are written without
// being read.
//
// A commit is one transaction of etcd. A commit beyond etcd's limits (128 operations, 1.5 MiB) is
// first written below redo/, then decided by one key, then carried out in parts. The next read()
// completes a commit that was interrupted after the decision.
class Space {
 public:
  // `lost` is called once, when another coordinator turns out to be the leader.
  Space(std::shared_ptr<Client> client, std::string prefix, Fence fence,
        std::function<void(const Error&)> lost);

  Result<> read();
  // Visits the keys below `folder` in etcd, in the order of names.
  Result<> scan(const std::string& folder,
                const std::function<Result<>(std::string name, std::string value)>& visit);
  // Visits the keys of the copy that begin with `folder`.
  Result<> each(const std::string& folder,
                const std::function<Result<>(const std::string& value)>& visit) const;
  [[nodiscard]] bool empty() const { return held_.empty(); }

  // Commits what `work` puts and erases, or nothing if `work` returns an error. `work` runs again
  // if the copy that it read was outdated. Errors: those of `work`; unavailable (another
  // coordinator is the leader, or etcd does not answer and the outcome is unknown);
  // resource_exhausted and others of etcd's.
  Result<> atomically(const std::function<Result<>()>& work);
  // Runs `work` in the open transaction, or in one of its own.
  Result<> join(const std::function<Result<>()>& work) {
    return in_transaction_ ? work() : atomically(work);
  }
  // These three in a transaction only.
  const std::string* find(const std::string& name);  // valid until the next call
  void put(const std::string& name, std::string value);
  void erase(const std::string& name);

 private:
  struct Held {
    std::string value;
    std::int64_t modified = 0;  // revision
  };
  using Writes = std::map<std::string, std::optional<std::string>>;  // nullopt: erased
  struct Change {
    std::set<std::string> reads;
    Writes writes;
  };

  [[nodiscard]] std::string key(std::string_view name) const;
  static std::vector<Change> split(const Change& change);
  // False: the copy was outdated; it is up to date now.
  Result<bool> commit(const Change& change);
  Result<bool> submit(const Change& change);
  Result<> must(const Change& change);  // a change without reads
  Result<bool> settle(const Change& change, const pb::TxnResponse& refused);
  void hold(const Change& change, std::int64_t revision);
  Result<bool> commit_in_parts(const std::vector<Change>& parts);
  Result<> redo();

  std::shared_ptr<Client> client_;
  std::string prefix_;
  Fence fence_;
  std::function<void(const Error&)> lost_;
  std::map<std::string, Held> held_;
  Change change_;
  bool in_transaction_ = false;
  std::optional<Error> undecided_;  // a commit in parts was interrupted; read() finds out
};

}  // namespace kagent::coordinator::etcd
