#include "coordinator/core/decisions.hpp"

#include "coordinator/core/clock.hpp"

namespace kagent::coordinator {

Result<> Decisions::audited(AuditEntry& entry, Result<> decided) {
  if (!decided) {
    entry.reason = decided.error().message();
    (void)audit_.refused(entry, now());
    return decided;
  }
  auto written = audit_.granted(entry, now());
  if (!written) fatal_(written.error());
  return written;
}

Result<> Decisions::save(AuditEntry& entry) {
  postman_.act();
  auto saved = commit_.flush();
  if (saved) return saved;
  entry.reason = saved.error().message();
  (void)audit_.refused(entry, now());
  return saved;
}

}  // namespace kagent::coordinator
