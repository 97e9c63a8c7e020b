#pragma once

#include "coordinator/registry/model.hpp"

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kagent::coordinator {

// Somebody who asks to be a node and may not yet, or not at all.
struct Claim {
  std::string node_id, key_sha256, address;
  std::chrono::steady_clock::time_point last;
  // What it is let in with, should it be.
  WantedRole wanted = WantedRole::automatic;
  bool role_fixed = false;  // `wanted` is its token's
  std::string token{};      // its id
};

// The last ones, each key of each id once. Bounded: the oldest goes first, and each address has its
// share, so that no crowd at one door hides an honest node.
class Claims {
 public:
  static constexpr std::size_t most = 1024;
  static constexpr std::size_t most_of_one_address = 64;
  static constexpr std::chrono::minutes lifetime{15};

  void note(Claim claim);
  void withdraw(const std::string& node_id);
  // Of one node id, or of all when it is empty; those of the last quarter of an hour.
  [[nodiscard]] std::vector<Claim> of(const std::string& node_id,
                                      std::chrono::steady_clock::time_point now) const;

 private:
  std::map<std::pair<std::string, std::string>, Claim> claims_;  // by node id and key
};

}  // namespace kagent::coordinator
