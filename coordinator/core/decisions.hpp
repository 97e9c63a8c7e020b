#pragma once

#include "coordinator/core/audit.hpp"
#include "coordinator/core/group_commit.hpp"
#include "coordinator/core/postman.hpp"

#include <functional>

namespace kagent::coordinator {

// What all orders of administrators have in common: the audit log has them, and they are on disk,
// before the administrator gets an answer.
class Decisions {
 public:
  // `fatal` is called when a decision that the registry has taken cannot be audited: a restart
  // forgets the decision, which is in memory only.
  Decisions(Audit& audit, Postman& postman, GroupCommit& commit,
            std::function<void(const Error&)> fatal)
      : audit_(audit), postman_(postman), commit_(commit), fatal_(std::move(fatal)) {}

  // Audits the decision, or the refusal that `decided` holds. Errors: those of `decided` and of
  // Audit::granted().
  Result<> audited(AuditEntry& entry, Result<> decided);
  // Audits a refusal if the store fails. Errors: unavailable.
  Result<> save(AuditEntry& entry);

 private:
  Audit& audit_;
  Postman& postman_;
  GroupCommit& commit_;
  std::function<void(const Error&)> fatal_;
};

}  // namespace kagent::coordinator
