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
  bool of_earlier_ca = false;  // the certificate's CA has been replaced by the CA in force
  std::string cluster_id;
  std::chrono::system_clock::time_point not_before, not_after;
};

// The node's key in PEM, made by the first call, mode 0600. It never leaves the node: a key that an
// image has copied from another node is deleted together with its certificate.
Result<std::string> load_or_make_key(const std::filesystem::path& state,
                                     const std::string& node_id);

// The certificate of the last enrolment. Nothing if it is not valid now, or is not for this key and
// this node, or if the pin does not lead to its CA.
std::optional<Identity> load_identity(const std::filesystem::path& state,
                                      const std::string& node_id, const std::string& ca_sha256,
                                      std::chrono::system_clock::time_point now);

// `bundle_pem`: the CA, or several CAs with the certificates that lead from one to the next.
Result<> save_identity(const std::filesystem::path& state, std::string_view certificate_pem,
                       std::string_view bundle_pem, std::string_view cluster_id);
Result<> save_bundle(const std::filesystem::path& state, std::string_view bundle_pem);

// Deletes the certificate; the key stays.
void forget_identity(const std::filesystem::path& state);

// At half of the certificate's life, and up to a tenth of it later, so that a fleet does not renew
// at once.
std::chrono::system_clock::time_point renew_at(const Identity& identity, std::uint64_t seed);

}  // namespace kagent::kagentd
