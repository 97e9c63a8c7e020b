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

// The nodes as a stream of WatchNodes tells them, in the order of enrolment.
class NodeSet {
 public:
  void begin();  // a stream begins: nothing is complete yet
  // The node that is new or looks different, nullptr if none; valid until the next call.
  const v1::Node* apply(const v1::WatchNodesResponse& message);

  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] const std::vector<v1::Node>& nodes() const { return nodes_; }
  // The coordinator's clock, also between messages.
  [[nodiscard]] render::Time now() const;

 private:
  std::vector<v1::Node> nodes_;
  std::unordered_map<std::string, std::size_t> index_;  // by id
  bool complete_ = false;
  render::Time said_{};  // by the coordinator
  std::chrono::steady_clock::time_point said_at_{};
};

// Watches the nodes through restarts of the coordinator: `on_event` is called after every message
// (with the node that has changed, if any) and at least every `tick`; `trouble` is empty while the
// stream lives. Ends when it returns false. Errors: what is not cured by trying again, and
// unavailable if the first try finds nobody and `patient` is not set.
struct Event {
  const NodeSet& set;
  const v1::Node* changed = nullptr;
  std::string trouble;
};
Result<> follow(Client& client, std::chrono::milliseconds tick, bool patient,
                const std::function<bool(const Event&)>& on_event);

}  // namespace kagent::ctl
