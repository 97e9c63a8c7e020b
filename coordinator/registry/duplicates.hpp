#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

// Values that no two nodes may share. Only connected nodes count, since a node that is gone may
// have been replaced by one of the same name. Pure.
namespace kagent::coordinator {

struct Conflict {
  std::string kind;   // "hostname", "machine-id", "product-uuid"
  std::string value;  // what is shared
  std::string other;  // node id

  bool operator==(const Conflict&) const = default;
};

class Duplicates {
 public:
  using Uniques = std::map<std::string, std::string>;  // by kind; an empty value never conflicts

  // Replaces what is known of the node.
  void seen(const std::string& id, Uniques uniques);
  // Idempotent.
  void gone(const std::string& id);
  // For each kind at most one conflict, with a node that `counts` accepts; in the order of kinds.
  [[nodiscard]] std::vector<Conflict> of(
      const std::string& id, const std::function<bool(const std::string& other)>& counts) const;

 private:
  static std::string key(const std::string& kind, const std::string& value);

  std::unordered_map<std::string, Uniques> nodes_;
  std::unordered_map<std::string, std::set<std::string>> holders_;
};

}  // namespace kagent::coordinator
