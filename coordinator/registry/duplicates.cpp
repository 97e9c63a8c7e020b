#include "coordinator/registry/duplicates.hpp"

#include <utility>

namespace kagent::coordinator {

std::string Duplicates::key(const std::string& kind, const std::string& value) {
  return kind + '=' + value;
}

void Duplicates::seen(const std::string& id, Uniques uniques) {
  std::erase_if(uniques, [](const auto& unique) { return unique.second.empty(); });
  const auto known = nodes_.find(id);
  if (known != nodes_.end() && known->second == uniques) return;
  gone(id);
  for (const auto& [kind, value] : uniques) holders_[key(kind, value)].insert(id);
  nodes_[id] = std::move(uniques);
}

void Duplicates::gone(const std::string& id) {
  const auto known = nodes_.find(id);
  if (known == nodes_.end()) return;
  for (const auto& [kind, value] : known->second) {
    const auto holders = holders_.find(key(kind, value));
    holders->second.erase(id);
    if (holders->second.empty()) holders_.erase(holders);
  }
  nodes_.erase(known);
}

std::vector<Conflict> Duplicates::of(
    const std::string& id, const std::function<bool(const std::string& other)>& counts) const {
  std::vector<Conflict> found;
  const auto known = nodes_.find(id);
  if (known == nodes_.end()) return found;
  for (const auto& [kind, value] : known->second)
    for (const std::string& other : holders_.at(key(kind, value)))
      if (other != id && counts(other)) {
        found.push_back({kind, value, other});
        break;
      }
  return found;
}

}  // namespace kagent::coordinator
