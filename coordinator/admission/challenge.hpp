#pragma once

#include "agent/common/base/error.hpp"

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace kagent::attest {

// Nonces that take no memory until they are spent, so that requests for many cost nothing. Each
// holds its time and a MAC under a key of this process.
class Challenges {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds lifetime{60};

  Challenges();

  [[nodiscard]] std::string issue(Clock::time_point now) const;
  // Accepts each nonce once. Errors: unavailable (not ours, too old, or spent: ask for another).
  Result<> spend(std::string_view nonce, Clock::time_point now);
  [[nodiscard]] std::size_t remembered() const { return spent_.size(); }

 private:
  [[nodiscard]] std::string mac(std::string_view text) const;

  std::string key_;
  std::multimap<Clock::time_point, std::string> spent_;  // by expiry
};

}  // namespace kagent::attest
