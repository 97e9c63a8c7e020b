#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/model.hpp"
#include "coordinator/store/etcd_space.hpp"

#include <string>
#include <vector>

namespace kagent::coordinator::etcd {

// Enrolment tokens below PREFIX/kept/tokens/, and the hashes of user-data's tokens in
// PREFIX/kept/user-data. Every call but load() runs in the open transaction.
class TokenKeys {
 public:
  explicit TokenKeys(Space& space) : space_(space) {}

  Result<> load(Snapshot& snapshot);  // token_hashes, and tokens with the oldest first
  Result<> save_hashes(const std::vector<std::string>& hashes);
  Result<> save(const TokenRecord& token);
  Result<> drop(const std::string& id);

 private:
  Space& space_;
};

}  // namespace kagent::coordinator::etcd
