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

// The leader's key as it was made when we became the leader. Every write is compared with it: who
// has lost it cannot write, whatever the clocks say.
struct Fence {
  std::string key;
  std::int64_t created = 0;  // revision
};

// The keys below PREFIX/ as one writer sees them; `name` is what follows that. It holds a copy of
// all that is below kept/, with the revision of each: a write is compared with what was read here,
// so a copy that is out of date costs another try and does no harm. What is elsewhere is written
// without being read.
//
// A commit is one transaction of etcd, or nothing. What is too large for that (etcd takes 128
// operations and 1.5 MiB) is first written down below redo/ whole, then decided by one key, then
// carried out in parts; the next read() finishes what was cut off after the decision.
class Space {
 public:
  // `lost` is called once, when it shows that somebody else is the leader.
  Space(std::shared_ptr<Client> client, std::string prefix, Fence fence,
        std::function<void(const Error&)> lost);

  Result<> read();
  // What stands below `folder` in etcd now, in the order of names.
  Result<> scan(const std::string& folder,
                const std::function<Result<>(std::string name, std::string value)>& visit);
  // The same of the copy.
  Result<> each(const std::string& folder,
                const std::function<Result<>(const std::string& value)>& visit) const;
  [[nodiscard]] bool empty() const { return held_.empty(); }

  // All that `work` puts and erases, or nothing when it returns an error. `work` is run again when
  // what it has read turns out to be out of date. Errors: those of `work`; unavailable (somebody
  // else is the leader, or etcd does not answer: then nothing is known of what was written);
  // resource_exhausted and others of etcd's.
  Result<> atomically(const std::function<Result<>()>& work);
  // Inside of it only.
  const std::string* find(const std::string& name);  // valid until the next call
  void put(const std::string& name, std::string value);
  void erase(const std::string& name);
  [[nodiscard]] bool in_transaction() const { return in_transaction_; }

 private:
  struct Held {
    std::string value;
    std::int64_t modified = 0;  // revision
  };
  using Writes = std::map<std::string, std::optional<std::string>>;  // nothing: erased
  struct Change {
    std::set<std::string> reads;
    Writes writes;
  };

  [[nodiscard]] std::string key(std::string_view name) const;
  static std::vector<Change> split(const Change& change);
  // False: what was read is out of date; the copy is not any more.
  Result<bool> commit(const Change& change);
  Result<bool> submit(const Change& change);
  Result<> must(const Change& change);  // without reads
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
  std::optional<Error> undecided_;  // a commit in parts was cut off: only another read() knows
};

}  // namespace kagent::coordinator::etcd
