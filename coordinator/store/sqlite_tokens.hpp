#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/model.hpp"
#include "coordinator/store/sqlite.hpp"

#include <string>
#include <vector>

// The table `tokens`; each in the transaction that is open.
namespace kagent::coordinator::sqlite {

Result<> read_tokens(Database& database, std::vector<TokenRecord>& tokens);
Result<> save_token(Database& database, const TokenRecord& token);
Result<> drop_token(Database& database, const std::string& id);

}  // namespace kagent::coordinator::sqlite
