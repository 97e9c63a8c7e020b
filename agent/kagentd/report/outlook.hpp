#pragma once

#include "agent/common/failure/failure.hpp"
#include "kagent/v1/agent.pb.h"

#include <chrono>
#include <set>
#include <string>
#include <vector>

// The part of preflight that needs the coordinator: clocks that differ, and values that two nodes
// may not share.
namespace kagent::kagentd {

class Outlook {
 public:
  void welcome(const v1::Welcome& welcome, std::chrono::system_clock::time_point now);
  void clock(const google::protobuf::Timestamp& coordinator,
             std::chrono::system_clock::time_point now);
  void conflicts(const v1::Conflicts& conflicts);

  // Without those that the ClusterConfig ignores (ClockSkew, DuplicateHostname, DuplicateMachineID,
  // DuplicateProductUUID, all).
  [[nodiscard]] std::vector<Failure> problems() const;

 private:
  [[nodiscard]] bool is_ignored(const std::string& name) const;

  std::set<std::string> ignored_;  // lower case
  std::chrono::seconds skew_{};    // positive: this node is ahead
  v1::Conflicts conflicts_;
};

}  // namespace kagent::kagentd
