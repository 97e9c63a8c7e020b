#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/model.hpp"
#include "coordinator/store/sqlite.hpp"

#include <string>
#include <vector>

namespace kagent::coordinator::sqlite {

// The tables `enrolment_tokens` (hashes of user-data's tokens) and `tokens`. Every call runs in the
// open transaction; errors as in Store.
class TokenTables {
 public:
  explicit TokenTables(Database& database) : database_(database) {}

  Result<> read(Snapshot& snapshot);  // token_hashes and tokens
  Result<> save_hashes(const std::vector<std::string>& hashes);
  Result<> save(const TokenRecord& token);
  Result<> drop(const std::string& id);

 private:
  Result<std::vector<std::string>> read_hashes();
  Result<std::vector<TokenRecord>> read_tokens();

  Database& database_;
};

}  // namespace kagent::coordinator::sqlite
