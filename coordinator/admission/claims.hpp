#pragma once

#include "coordinator/registry/model.hpp"

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kagent::coordinator {

// A machine that asked to enrol and was not let in, or not yet.
struct Claim {
  std::string node_id, key_sha256, address;
  std::chrono::steady_clock::time_point last;
  // The role it gets if an administrator lets it in.
  WantedRole wanted = WantedRole::automatic;
  bool role_fixed = false;  // `wanted` comes from its token
  std::string token{};      // the token's id
};

// The latest claims, one for each pair of node id and key. Bounded: the oldest is dropped first,
// and each address has a quota, so that many claims from one address cannot hide an honest node.
class Claims {
 public:
  static constexpr std::size_t most = 1024;
  static constexpr std::size_t most_of_one_address = 64;
  static constexpr std::chrono::minutes lifetime{15};

  void note(Claim claim);
  void withdraw(const std::string& node_id);
  // Claims of the last 15 minutes. An empty `node_id` means all.
  [[nodiscard]] std::vector<Claim> of(const std::string& node_id,
                                      std::chrono::steady_clock::time_point now) const;

 private:
  std::map<std::pair<std::string, std::string>, Claim> claims_;  // by node id and key
};

}  // namespace kagent::coordinator
