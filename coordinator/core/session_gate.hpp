#pragma once

#include "coordinator/admission/connections.hpp"
#include "coordinator/core/audit.hpp"
#include "coordinator/core/rollback.hpp"
#include "coordinator/registry/registry.hpp"

#include <cstdint>
#include <functional>

namespace kagent::coordinator {

// Who may have a session.
class SessionGate {
 public:
  // `fatal` is called when a caller proves that the store is an older copy.
  SessionGate(const Registry& registry, Rollback rollback, Connections& connections, Audit& audit,
              std::function<void(const Error&)> fatal)
      : registry_(registry),
        rollback_(std::move(rollback)),
        connections_(connections),
        audit_(audit),
        fatal_(std::move(fatal)) {}

  // Audits a refusal. Errors: unauthenticated (no node certificate, or the node must enrol again);
  // permission_denied (the node was removed); data_loss; unavailable (stopping).
  Result<> admit(const Caller& caller);
  // A session is about to end, so its connection counts as unauthenticated again: a peer that does
  // not read loses it soon.
  void ending(const Caller& caller);
  // Admits nobody any more.
  void close() { closed_ = true; }

  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  [[nodiscard]] Result<> may_enter(const Caller& caller) const;

  const Registry& registry_;
  Rollback rollback_;
  Connections& connections_;
  Audit& audit_;
  std::function<void(const Error&)> fatal_;
  std::uint64_t refused_ = 0;
  bool closed_ = false;
};

}  // namespace kagent::coordinator
