#pragma once

#include "coordinator/authority/authority.hpp"
#include "coordinator/core/audit.hpp"

#include <string>

namespace kagent::coordinator {

// The user-data line that nodes are launched with.
class UserData {
 public:
  UserData(const Authority& authority, Audit& audit) : authority_(authority), audit_(audit) {}

  void set_address(std::string host_port) { address_ = std::move(host_port); }

  // Leaves the token out if this coordinator does not know the one in force.
  [[nodiscard]] std::string line(bool with_token) const;
  // For an administrator; audited if the line holds the token. Errors: failed_precondition (the
  // token in force is not known here); those of Audit::granted().
  Result<std::string> hand_out(bool with_token, const Caller& caller);

 private:
  const Authority& authority_;
  Audit& audit_;
  std::string address_;
};

}  // namespace kagent::coordinator
