#pragma once

#include "coordinator/core/applications.hpp"
#include "coordinator/core/audit.hpp"
#include "coordinator/core/decisions.hpp"
#include "coordinator/registry/registry.hpp"
#include "coordinator/store/store.hpp"

#include <string>

namespace kagent::coordinator {

// Administrators' decisions about who is a node: `kagentctl approve` and `kagentctl forget`.
class Approvals {
 public:
  Approvals(Registry& registry, Store& store, Doorkeeper& door, Applications& applications,
            Audit& audit, Decisions& decisions)
      : registry_(registry),
        store_(store),
        door_(door),
        applications_(applications),
        audit_(audit),
        decisions_(decisions) {}

  // Lets a waiting machine in. `key`: at least the first 8 digits of its key; empty if only one
  // machine waits under that id. Returns the whole key. Errors: not_found, invalid_argument,
  // failed_precondition, permission_denied, resource_exhausted; of the token, the audit log and the
  // store.
  Result<std::string> approve(const std::string& node_id, const std::string& key,
                              const Caller& caller);

  struct Forgotten {
    std::string node_id;
    std::string key_sha256;  // the one that the id is bound to now; empty: none
  };
  // Unbinds the node from its key, which is barred from then on. `key`: as above, of a refused
  // machine that the id is then bound to; empty: the next one that enrols. Errors: as above.
  Result<Forgotten> forget(const std::string& node, const std::string& key, const Caller& caller);

 private:
  Result<> let_in(AuditEntry& entry, const Claim& claim);
  // Returns the new key.
  Result<std::string> rebind(const Node& node, const std::string& key, AuditEntry& entry,
                             const Caller& caller);

  Registry& registry_;
  Store& store_;
  Doorkeeper& door_;
  Applications& applications_;
  Audit& audit_;
  Decisions& decisions_;
};

}  // namespace kagent::coordinator
