#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/model.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::coordinator {

// The enrolment tokens that are accepted, as hashes: ID.SECRET, of which the id is public. Beside
// them the one of user-data, which has neither end nor limit. No I/O: whoever changes one saves it.
class Tokens {
 public:
  static constexpr std::size_t most = 1000;
  static constexpr char of_user_data[] = "user-data";

  Tokens(std::vector<std::string> user_data_hashes, std::vector<TokenRecord> records);

  struct Wish {
    std::chrono::seconds lifetime{};
    std::optional<std::uint64_t> uses;  // nothing: any number
    WantedRole role = WantedRole::automatic;
    std::string created_by;
  };
  struct Created {
    TokenRecord record;
    std::string token;  // secret, and nowhere else
  };
  // Errors: invalid_argument, resource_exhausted.
  Result<Created> create(const Wish& wish, Now now);
  // Which it is. Compared in constant time. Errors: unauthenticated with what to do.
  [[nodiscard]] Result<TokenRecord> find(std::string_view token, Now now) const;
  // Whether that one, found before, may still be spent; so may none at all. Errors: as find().
  [[nodiscard]] Result<> usable(const std::string& id, Now now) const;
  // One use less; of user-data's always. Nothing is left to be saved when there is no limit.
  std::optional<TokenRecord> spend(const std::string& id);
  // It could not be saved.
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
