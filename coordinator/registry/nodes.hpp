#pragma once

#include "coordinator/registry/node.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace kagent::coordinator {

// Owns all nodes: the members, and the removed ones, which are kept so that they can be told to
// reset if they return. A Node stays at its address for as long as this object lives.
class Nodes {
 public:
  // A new member, with the next number in the order of enrolment.
  Node& create(const std::string& id);
  // A node from the store: a member, or a removed one.
  Node& add(std::unique_ptr<Node> node);
  void add_removed(std::unique_ptr<Node> node);

  void remove(const Node& node);
  // Makes a removed node a member again. nullptr: no removed node has that id.
  Node* restore(const std::string& id);

  // nullptr: no member has that id.
  [[nodiscard]] Node* find(const std::string& id);
  [[nodiscard]] const Node* find(const std::string& id) const;
  // nullptr: no removed node has that id.
  [[nodiscard]] NodeRecord* removed(const std::string& id);
  [[nodiscard]] const NodeRecord* removed(const std::string& id) const;

  // The members in the order of enrolment.
  [[nodiscard]] const std::vector<std::unique_ptr<Node>>& all() const { return all_; }

 private:
  void count(const Node& node);

  std::vector<std::unique_ptr<Node>> all_;
  std::unordered_map<std::string, Node*> by_id_;
  std::map<std::string, std::unique_ptr<Node>> removed_;
  std::uint64_t next_order_ = 1;
};

}  // namespace kagent::coordinator
