#include "coordinator/store/etcd_tokens.hpp"

#include "coordinator/store/stored.hpp"

#include <algorithm>
#include <utility>

namespace kagent::coordinator::etcd {
namespace {

// Names below PREFIX/.
constexpr char hashes_name[] = "kept/user-data";
constexpr char tokens_folder[] = "kept/tokens/";

}  // namespace

Result<> TokenKeys::load(Snapshot& snapshot) {
  const auto add = [&](const std::string& bytes) -> Result<> {
    auto token = stored::token_of(bytes);
    if (!token) return token.error();
    snapshot.tokens.push_back(std::move(*token));
    return {};
  };
  if (auto done = space_.each(tokens_folder, add); !done) return done;
  std::ranges::sort(snapshot.tokens, {}, &TokenRecord::created_at);
  const auto set = [&](const std::string& bytes) -> Result<> {
    auto hashes = stored::token_hashes_of(bytes);
    if (!hashes) return hashes.error();
    snapshot.token_hashes = std::move(*hashes);
    return {};
  };
  return space_.each(hashes_name, set);
}

Result<> TokenKeys::save_hashes(const std::vector<std::string>& hashes) {
  space_.put(hashes_name, stored::bytes_of(hashes));
  return {};
}

Result<> TokenKeys::save(const TokenRecord& token) {
  space_.put(tokens_folder + token.id, stored::bytes_of(token));
  return {};
}

Result<> TokenKeys::drop(const std::string& id) {
  space_.erase(tokens_folder + id);
  return {};
}

}  // namespace kagent::coordinator::etcd
