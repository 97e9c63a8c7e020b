#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/admission/peer.hpp"
#include "coordinator/store/store.hpp"

#include <chrono>
#include <filesystem>

namespace kagent::coordinator {

// Finds out that the state folder was put back from an older copy. The proof is a certificate of
// this CA for a node that the store does not know: a node is on disk before it gets its
// certificate, and no node ever leaves the store. Nobody can forge this proof. From then on the
// coordinator refuses to start until an administrator makes the file `accept-rollback` in the
// folder, which says that there is no newer copy.
class Rollback {
 public:
  // `folder`: the state folder. Empty: checks nothing.
  explicit Rollback(std::filesystem::path folder = {}) : folder_(std::move(folder)) {}

  // Call it before the store is opened. Errors: data_loss: an older copy was found earlier.
  Result<> check();
  // Call it after the store was opened. If an administrator has accepted the rollback, raises the
  // serials of orders above all that nodes can have seen, and ignores certificates from before.
  Result<> go_on(Store& store, Snapshot& snapshot, std::chrono::system_clock::time_point now);
  // `caller` has a node's certificate, and the store does not know the node. Errors: data_loss: the
  // store is an older copy, which is on disk when this returns.
  Result<> unknown_node(const Caller& caller) const;

 private:
  [[nodiscard]] Error refusal(const std::string& why) const;

  std::filesystem::path folder_;
  bool accepted_ = false;
  std::chrono::system_clock::time_point accepted_at_;
};

}  // namespace kagent::coordinator
