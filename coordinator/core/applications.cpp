#include "coordinator/core/applications.hpp"

#include <algorithm>

namespace kagent::coordinator {

std::optional<Claim> Applications::rival_of(const std::string& node_id, Now now) const {
  const auto of_node = rivals.of(node_id, now.steady);
  if (of_node.empty()) return std::nullopt;
  return *std::ranges::max_element(of_node, {}, &Claim::last);
}

std::string short_key(const Claim& claim) {
  return claim.key_sha256.substr(0, 16);
}

Error refusal(Enrolment verdict, const Claim& claim) {
  const std::string& id = claim.node_id;
  switch (verdict) {
    case Enrolment::barred:
      return {Errc::permission_denied,
              "an administrator has unbound node " + id +
                  " from this very key: remove /var/lib/kagent/node.key and restart kagentd, which "
                  "then makes another key"};
    case Enrolment::removed:
      return {Errc::permission_denied,
              "node " + id + " was removed; `kagentctl rejoin " + id + "` lets it come back"};
    case Enrolment::other_role:
      return {Errc::permission_denied,
              "node " + id +
                  " has another role here than the token gives: it needs a token for that "
                  "role, or `kagentctl remove " +
                  id + "` first"};
    case Enrolment::other_key:
    case Enrolment::accepted: break;
  }
  return {Errc::already_exists,
          "node " + id +
              " is bound to another key: another machine uses this id, or this one has lost its "
              "key; if so, `kagentctl forget " +
              id + " --key " + short_key(claim) + "` lets it in"};
}

Result<> has_seat(const Registry& registry, const Doorkeeper& door) {
  const std::size_t most = door.config().max_nodes();
  if (registry.nodes().size() < most) return {};
  return Error(Errc::resource_exhausted,
               "there are " + std::to_string(most) +
                   " nodes, and enrolment.maxNodes of the ClusterConfig allows no more: "
                   "`kagentctl remove` those that are gone");
}

Result<> spend_token(Doorkeeper& door, Store& store, const std::string& token) {
  const auto spent = door.tokens().spend(token);
  const auto saved = spent ? store.save_token(*spent) : Result<>();
  if (!saved) door.tokens().give_back(token);
  return saved;
}

}  // namespace kagent::coordinator
