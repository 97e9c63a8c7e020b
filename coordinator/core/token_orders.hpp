#pragma once

#include "coordinator/admission/tokens.hpp"
#include "coordinator/authority/authority.hpp"
#include "coordinator/core/audit.hpp"
#include "coordinator/core/decisions.hpp"
#include "coordinator/core/user_data.hpp"
#include "coordinator/store/store.hpp"

#include <string>
#include <vector>

namespace kagent::coordinator {

// Administrators' orders about enrolment tokens. Errors beside those named: of the audit log and of
// the store.
class TokenOrders {
 public:
  // `authority` holds the token of user-data, which drop() renews.
  TokenOrders(Authority& authority, Tokens& tokens, Store& store, Audit& audit,
              Decisions& decisions, const UserData& user_data)
      : authority_(authority),
        tokens_(tokens),
        store_(store),
        audit_(audit),
        decisions_(decisions),
        user_data_(user_data) {}

  struct Created {
    TokenRecord record;
    std::string user_data;  // the line with the token: secret, and shown only here
  };
  // Errors: those of Tokens::create().
  Result<Created> create(const Tokens::Wish& wish, const Caller& caller);
  // Without the token of user-data.
  [[nodiscard]] std::vector<TokenRecord> list() const { return tokens_.list(); }
  // Tokens::of_user_data names the token of user-data, which another one replaces. Errors:
  // not_found; failed_precondition: the operator made the token of user-data.
  Result<> drop(const std::string& id, const Caller& caller);

 private:
  Result<> renew_user_data();

  Authority& authority_;
  Tokens& tokens_;
  Store& store_;
  Audit& audit_;
  Decisions& decisions_;
  const UserData& user_data_;
};

}  // namespace kagent::coordinator
