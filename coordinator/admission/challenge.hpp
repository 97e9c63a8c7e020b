#pragma once

#include "agent/common/base/error.hpp"

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace kagent::attest {

// Nonces that need no memory until one is spent, so that asking for many costs nothing: each
// carries its time and a MAC of it under a key of this process.
class Challenges {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds lifetime{60};

  Challenges();

  [[nodiscard]] std::string issue(Clock::time_point now) const;
  // Once for each nonce. Errors: unavailable (not ours, too old, spent: ask for another).
  Result<> spend(std::string_view nonce, Clock::time_point now);
  [[nodiscard]] std::size_t remembered() const { return spent_.size(); }

 private:
  [[nodiscard]] std::string mac(std::string_view text) const;

  std::string key_;
  std::multimap<Clock::time_point, std::string> spent_;  // by their time of expiry
};

}  // namespace kagent::attest
