#pragma once

#include "coordinator/registry/nodes.hpp"
#include "coordinator/registry/outbox.hpp"

#include <string>

namespace kagent::coordinator {

enum class Enrolment : std::uint8_t {
  accepted,
  other_key,  // the id is bound to another key
  removed,    // the node was removed, and has reset itself
  barred,     // the id was unbound from this key
  other_role  // the id has a role, or a wish for one, and the token is for another
};

// Which key may enrol under which node id. The first key that enrols owns the id until an
// administrator unbinds it; a key that an id was unbound from never gets that id again.
class Keys {
 public:
  Keys(Nodes& nodes, Outbox& out) : nodes_(nodes), out_(out) {}

  // `role_fixed`: the token allows the role `wanted` only.
  [[nodiscard]] Enrolment judge(const std::string& id, const std::string& key_sha256,
                                WantedRole wanted, bool role_fixed) const;
  // As if the id were unbound first.
  [[nodiscard]] Enrolment judge_rebind(const Node& node, const std::string& key_sha256,
                                       WantedRole wanted, bool role_fixed) const;

  // For a new node.
  void bind_new(Node& node, const std::string& key_sha256, WantedRole wanted, bool role_fixed);
  // Bars the key before, if there is one.
  void bind(Node& node, const std::string& key_sha256, WantedRole wanted, bool role_fixed);
  // Bars the key. False: the id is unbound already.
  bool unbind(Node& node);

 private:
  Nodes& nodes_;
  Outbox& out_;
};

}  // namespace kagent::coordinator
