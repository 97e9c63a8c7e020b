#pragma once

#include "coordinator/ctl/client/client.hpp"
#include "coordinator/ctl/render/times.hpp"
#include "kagent/v1/admin.pb.h"

#include <chrono>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace kagent::ctl {

// The nodes that a stream of WatchNodes reports, in the order of enrolment.
class NodeSet {
 public:
  void begin();  // A new stream begins, and the set is incomplete until the stream says otherwise.
  // Returns the node that is new or has changed, or nullptr; valid until the next call.
  const v1::Node* apply(const v1::WatchNodesResponse& message);

  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] const std::vector<v1::Node>& nodes() const { return nodes_; }
  // The coordinator's time, also between messages.
  [[nodiscard]] render::Time now() const;

 private:
  std::vector<v1::Node> nodes_;
  std::unordered_map<std::string, std::size_t> index_;  // by id
  bool complete_ = false;
  render::Time said_{};  // by the coordinator
  std::chrono::steady_clock::time_point said_at_{};
};

struct Event {
  const NodeSet& set;
  const v1::Node* changed = nullptr;  // the node that is new or has changed, if any
  std::string trouble;                // why there is no stream; empty while there is one
};
// Watches the nodes, also across restarts of the coordinator. Calls `on_event` after every message
// and at least every `tick`, until it returns false. Errors: those that a retry does not cure, and
// unavailable if the first try finds nobody and `patient` is not set.
Result<> follow(Client& client, std::chrono::milliseconds tick, bool patient,
                const std::function<bool(const Event&)>& on_event);

}  // namespace kagent::ctl
