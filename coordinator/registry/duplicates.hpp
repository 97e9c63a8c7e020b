#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

// What no two nodes may share, among those that are connected: a node that has gone may have left
// its name to the one that replaces it. Pure.
namespace kagent::coordinator {

struct Conflict {
  std::string kind;   // "hostname", "machine-id", "product-uuid"
  std::string value;  // what is shared
  std::string other;  // node id

  bool operator==(const Conflict&) const = default;
};

class Duplicates {
 public:
  using Uniques = std::map<std::string, std::string>;  // kind to value; "" is nobody's

  void seen(const std::string& id, Uniques uniques);
  void gone(const std::string& id);
  // With one other node a kind, of those that `counts` says yes to; in the order of kinds.
  [[nodiscard]] std::vector<Conflict> of(
      const std::string& id, const std::function<bool(const std::string& other)>& counts) const;

 private:
  static std::string key(const std::string& kind, const std::string& value);

  std::unordered_map<std::string, Uniques> nodes_;
  std::unordered_map<std::string, std::set<std::string>> holders_;
};

}  // namespace kagent::coordinator
