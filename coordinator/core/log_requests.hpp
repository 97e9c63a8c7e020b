#pragma once

#include "coordinator/core/sessions.hpp"
#include "coordinator/core/waits.hpp"
#include "coordinator/registry/registry.hpp"
#include "kagent/v1/agent.pb.h"

#include <string>
#include <vector>

namespace kagent::coordinator {

// `kagentctl logs`: asks a node for lines of its journal.
class LogRequests {
 public:
  using Lines = std::vector<std::string>;
  using Done = Waits<Lines>::Done;

  LogRequests(const Registry& registry, Sessions& sessions)
      : registry_(registry), sessions_(sessions) {}

  // `lines`: 0 means 200; 5000 at most. Answers within 5 s. Errors: those of find_node();
  // unavailable; deadline_exceeded.
  void get(const std::string& node, const std::string& step, std::uint32_t lines, Done done);
  void answered(const std::string& node, v1::LogReply reply);

  void expire(std::chrono::steady_clock::time_point now) { waits_.expire(now); }
  void fail_all(const Error& why) { waits_.fail_all(why); }

 private:
  const Registry& registry_;
  Sessions& sessions_;
  Waits<Lines> waits_;
};

}  // namespace kagent::coordinator
