#pragma once

#include "agent/common/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace kagent::kagentd {

struct Identity {
  std::string certificate_pem;
  std::string ca_pem;          // of the CA in force
  bool of_earlier_ca = false;  // the certificate is of one that this CA has succeeded
  std::string cluster_id;
  std::chrono::system_clock::time_point not_before, not_after;
};

// The node's key in PEM, made at the first call, 0600. It never leaves the node: one that came with
// an image made of another node is thrown away, with the certificate for it.
Result<std::string> load_or_make_key(const std::filesystem::path& state,
                                     const std::string& node_id);

// The certificate that enrolment gave, if it still holds: of this key, this node, a CA that the pin
// leads to, in its time.
std::optional<Identity> load_identity(const std::filesystem::path& state,
                                      const std::string& node_id, const std::string& ca_sha256,
                                      std::chrono::system_clock::time_point now);

// `bundle_pem`: the CA, or several with what leads from one to the next.
Result<> save_identity(const std::filesystem::path& state, std::string_view certificate_pem,
                       std::string_view bundle_pem, std::string_view cluster_id);
Result<> save_bundle(const std::filesystem::path& state, std::string_view bundle_pem);

// The certificate only; the key stays.
void forget_identity(const std::filesystem::path& state);

// Half of its life, and up to a tenth more, so that a fleet does not come at once.
std::chrono::system_clock::time_point renew_at(const Identity& identity, std::uint64_t seed);

}  // namespace kagent::kagentd
