#include "coordinator/core/user_data.hpp"

#include "coordinator/core/clock.hpp"

namespace kagent::coordinator {

std::string UserData::line(bool with_token) const {
  std::string line = "kagent://" + address_ + "/sha256:" + authority_.ca_sha256;
  if (with_token && !authority_.enrolment_token.empty())
    line += "?token=" + authority_.enrolment_token;
  return line;
}

Result<std::string> UserData::hand_out(bool with_token, const Caller& caller) {
  if (with_token && authority_.enrolment_token.empty())
    return Error(Errc::failed_precondition,
                 "the token in force was renewed on another coordinator: copy its enrolment-token "
                 "into the state folder here and restart, or renew it here: `kagentctl token "
                 "revoke user-data`");
  if (with_token)
    if (auto written = audit_.granted(AuditEntry("user-data", caller), now()); !written)
      return written.error();
  return line(with_token);
}

}  // namespace kagent::coordinator
