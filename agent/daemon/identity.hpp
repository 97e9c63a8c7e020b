#pragma once

#include "agent/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace kagent::daemon {

struct Identity {
  std::string certificate_pem;
  std::string ca_pem;
  std::string cluster_id;
  std::chrono::system_clock::time_point not_before, not_after;
};

// The node's key in PEM, made at the first call, 0600. It never leaves the node: one that came with
// an image made of another node is thrown away, with the certificate for it.
Result<std::string> load_or_make_key(const std::filesystem::path& state,
                                     const std::string& node_id);

// The certificate that enrolment gave, if it still holds: of this key, this node, this CA, in its
// time.
std::optional<Identity> load_identity(const std::filesystem::path& state,
                                      const std::string& node_id, const std::string& ca_sha256,
                                      std::chrono::system_clock::time_point now);

Result<> save_identity(const std::filesystem::path& state, std::string_view certificate_pem,
                       std::string_view ca_pem, std::string_view cluster_id);

// The certificate only; the key stays.
void forget_identity(const std::filesystem::path& state);

// Half of its life, and up to a tenth more, so that a fleet does not come at once.
std::chrono::system_clock::time_point renew_at(const Identity& identity, std::uint64_t seed);

}  // namespace kagent::daemon
