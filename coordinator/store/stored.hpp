#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/model.hpp"
#include "kagent/v1/stored.pb.h"

#include <string>

// Records as messages of stored.proto. Errors: data_loss.
namespace kagent::coordinator::stored {

inline constexpr std::uint32_t format = 1;  // the newest that this version knows

std::string bytes_of(const NodeRecord& node);
std::string bytes_of(const TokenRecord& token);
std::string bytes_of(const std::vector<std::string>& token_hashes);

Result<NodeRecord> node_of(const std::string& bytes);
Result<TokenRecord> token_of(const std::string& bytes);
Result<std::vector<std::string>> token_hashes_of(const std::string& bytes);
// Refuses a newer format.
Result<v1::StoredCluster> cluster_of(const std::string& bytes);

}  // namespace kagent::coordinator::stored
