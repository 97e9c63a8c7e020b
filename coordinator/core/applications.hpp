#pragma once

#include "coordinator/admission/claims.hpp"
#include "coordinator/admission/doorkeeper.hpp"
#include "coordinator/registry/registry.hpp"
#include "coordinator/store/store.hpp"

#include <optional>
#include <string>

// What enrolment and an administrator's approval have in common.
namespace kagent::coordinator {

// Machines that asked to enrol and were not let in.
struct Applications {
  Claims waiting;  // for an administrator's approval
  Claims rivals;   // they hold another key than the one that their node id is bound to

  // The latest one for that id.
  [[nodiscard]] std::optional<Claim> rival_of(const std::string& node_id, Now now) const;
};

// The first digits of the key, as messages show it.
std::string short_key(const Claim& claim);

Error refusal(Enrolment verdict, const Claim& claim);

// Room for one more node. Errors: resource_exhausted, by enrolment.maxNodes.
Result<> has_seat(const Registry& registry, const Doorkeeper& door);

// Takes one use of the token, on disk before the node is let in: a crash between the two costs a
// use and never gives one away. Errors: of the store; the use is then given back.
Result<> spend_token(Doorkeeper& door, Store& store, const std::string& token);

}  // namespace kagent::coordinator
