#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/model.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::coordinator {

// The valid enrolment tokens, kept as hashes. A token is ID.SECRET; its id is public. The token of
// user-data has neither an expiry nor a limit of uses. No I/O: the caller saves each change.
class Tokens {
 public:
  static constexpr std::size_t most = 1000;
  static constexpr char of_user_data[] = "user-data";

  Tokens(std::vector<std::string> user_data_hashes, std::vector<TokenRecord> records);

  struct Wish {
    std::chrono::seconds lifetime{};
    std::optional<std::uint64_t> uses;  // nothing: no limit
    WantedRole role = WantedRole::automatic;
    std::string created_by;
  };
  struct Created {
    TokenRecord record;
    std::string token;  // secret; only its hash is kept
  };
  // Errors: invalid_argument, resource_exhausted.
  Result<Created> create(const Wish& wish, Now now);
  // Compares in constant time. Errors: unauthenticated; the message says what to do.
  [[nodiscard]] Result<TokenRecord> find(std::string_view token, Now now) const;
  // Whether a token found before can still be spent; an empty id can. Errors: as find().
  [[nodiscard]] Result<> usable(const std::string& id, Now now) const;
  // Takes one use. Returns the record to be saved; nothing if the token has no limit.
  std::optional<TokenRecord> spend(const std::string& id);
  // Undoes spend(), whose record could not be saved.
  void give_back(const std::string& id);
  [[nodiscard]] bool has(const std::string& id) const { return records_.contains(id); }
  void drop(const std::string& id) { records_.erase(id); }
  void replace_user_data(std::string sha256) { user_data_hashes_ = {std::move(sha256)}; }

  [[nodiscard]] std::vector<TokenRecord> list() const;

 private:
  std::vector<std::string> user_data_hashes_;
  std::map<std::string, TokenRecord> records_;
};

}  // namespace kagent::coordinator
