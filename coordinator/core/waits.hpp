#pragma once

#include "agent/common/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kagent::coordinator {

// Calls of administrators that wait for a node's answer, by the number of the request to the node.
template <class Response>
class Waits {
 public:
  using Done = std::function<void(Result<Response>)>;

  // A number for a request; the registry numbers its own from 1.
  std::uint64_t next_number() { return next_number_++; }
  void add(std::uint64_t number, std::string node, Done done, std::chrono::seconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    waits_.emplace(number, Wait{std::move(node), std::move(done), deadline});
  }

  // Nothing if nobody waits for it, or if another node was asked. Returns each only once.
  std::optional<Done> take(std::uint64_t number, const std::string& node) {
    const auto found = waits_.find(number);
    if (found == waits_.end() || found->second.node != node) return std::nullopt;
    Done done = std::move(found->second.done);
    waits_.erase(found);
    return done;
  }

  // Answers calls whose limit has passed with deadline_exceeded.
  void expire(std::chrono::steady_clock::time_point now) {
    for (auto i = waits_.begin(); i != waits_.end();) {
      if (i->second.deadline > now) {
        ++i;
        continue;
      }
      const Wait wait = std::move(i->second);
      i = waits_.erase(i);
      wait.done(Error(Errc::deadline_exceeded, "node " + wait.node + " does not answer"));
    }
  }

  void fail_all(const Error& why) {
    for (auto& [number, wait] : std::exchange(waits_, {})) wait.done(why);
  }

 private:
  struct Wait {
    std::string node;
    Done done;
    std::chrono::steady_clock::time_point deadline;
  };
  std::map<std::uint64_t, Wait> waits_;
  std::uint64_t next_number_ = std::uint64_t{1} << 32U;
};

}  // namespace kagent::coordinator
