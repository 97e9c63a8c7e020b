#include "coordinator/admission/claims.hpp"

#include <algorithm>

namespace kagent::coordinator {

void Claims::note(Claim claim) {
  const auto key = std::pair(claim.node_id, claim.key_sha256);
  if (!claims_.contains(key)) {
    std::erase_if(claims_,
                  [&](const auto& each) { return claim.last - each.second.last > lifetime; });
    const auto drop_oldest = [&](std::size_t limit, auto counts) {
      if (static_cast<std::size_t>(std::ranges::count_if(claims_, counts)) < limit) return;
      auto oldest = claims_.end();
      for (auto each = claims_.begin(); each != claims_.end(); ++each)
        if (counts(*each) && (oldest == claims_.end() || each->second.last < oldest->second.last))
          oldest = each;
      claims_.erase(oldest);
    };
    drop_oldest(most_of_one_address,
                [&](const auto& each) { return each.second.address == claim.address; });
    drop_oldest(most, [](const auto&) { return true; });
  }
  claims_[key] = std::move(claim);
}

void Claims::withdraw(const std::string& node_id) {
  std::erase_if(claims_, [&](const auto& each) { return each.first.first == node_id; });
}

std::vector<Claim> Claims::of(const std::string& node_id,
                              std::chrono::steady_clock::time_point now) const {
  std::vector<Claim> found;
  for (const auto& [key, claim] : claims_)
    if ((node_id.empty() || key.first == node_id) && now - claim.last <= lifetime)
      found.push_back(claim);
  return found;
}

}  // namespace kagent::coordinator
