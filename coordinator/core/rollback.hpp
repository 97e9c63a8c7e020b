#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/admission/peer.hpp"
#include "coordinator/store/store.hpp"

#include <chrono>
#include <filesystem>

namespace kagent::coordinator {

// A state folder that was put back from an older copy, store and all, does not know it. But a
// certificate of its own CA does, for a node that it has never heard of: a node's certificate is
// given out when the node is on disk, and no node is ever taken out of the store. Nobody can forge
// it. From then on the coordinator refuses to start until an administrator has said, by a file
// `accept-rollback` in the folder, that there is nothing newer.
class Rollback {
 public:
  // `folder`: of the state. Empty: nothing is kept.
  explicit Rollback(std::filesystem::path folder = {}) : folder_(std::move(folder)) {}

  // Before the store is opened. Errors: data_loss: it was found out before.
  Result<> check();
  // After it. Where an administrator has accepted it: the numbers of orders go on beyond all that
  // the nodes may have seen since, and certificates from before prove nothing any more.
  Result<> go_on(Store& store, Snapshot& snapshot, std::chrono::system_clock::time_point now);
  // A caller with a node's certificate, whom the store does not know. The error, data_loss, is on
  // disk when it returns; nothing: there is no proof in it.
  Result<> unknown_node(const Caller& caller) const;

 private:
  [[nodiscard]] Error refusal(const std::string& why) const;

  std::filesystem::path folder_;
  bool accepted_ = false;
  std::chrono::system_clock::time_point accepted_at_;
};

}  // namespace kagent::coordinator
