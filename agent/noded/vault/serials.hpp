#pragma once

#include "agent/common/base/error.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace kagent::noded {

// The serials of accepted envelopes, by which a replayed envelope is recognised.
struct Serials {
  struct Seen {
    std::uint64_t serial = 0;
    std::string sha256;  // of the serialised envelope; "-" for an order that was taken
  };

  std::string cluster_id;
  std::uint64_t serial = 0;           // the highest
  std::map<std::string, Seen> kinds;  // the last of each kind
};

// The file that holds them. Saved atomically, 0600.
class SerialsFile {
 public:
  explicit SerialsFile(std::filesystem::path path) : path_(std::move(path)) {}

  // A missing file gives no serials. Errors: data_loss (the file is damaged), io.
  [[nodiscard]] Result<Serials> load() const;
  // Errors: io, resource_exhausted.
  [[nodiscard]] Result<> save(const Serials& serials) const;

 private:
  std::filesystem::path path_;
};

}  // namespace kagent::noded
