#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/trust/pki.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// The coordinator's CA on disk:
//   ca.key, ca.crt  the CA in force
//   ca-before.pem   earlier CAs and the link from each to the next (ca_succession.hpp)
//   ca-next.pem     a CA that the next start puts in force
//   ca-replaced     hash of the previous CA, whether that is still trusted or not
namespace kagent::coordinator {

struct Ca {
  pki::Key key;
  pki::Certificate certificate;
  std::vector<pki::Certificate> before;
  std::string replaced;  // SPKI hash of the previous CA; empty: this one is the first
};

// Makes the CA if there is none. Puts the CA in ca-next.pem in force, also if an earlier start was
// interrupted doing so. Errors: data_loss (key and certificate do not match).
Result<Ca> open_ca(const std::filesystem::path& folder, std::string_view cluster_id);

// SPKI hashes of the CAs in the folder: ca.crt, the CA that it replaced, ca-next.pem. Changes
// nothing. Errors: not_found (there is no ca.crt), permission_denied, data_loss.
Result<std::vector<std::string>> cas_in(const std::filesystem::path& folder);

// Makes a new CA, which the next start puts in force; that start issues the coordinator's
// certificates again. `vouch_for`: how long user-data may go on naming the present CA; with 0 that
// CA is no longer trusted, and every node needs new user-data. A second call before that start
// replaces the CA of the first. Errors: not_found (there is no CA yet), permission_denied,
// invalid_argument (over ten years).
Result<> replace_ca(const std::filesystem::path& folder, std::chrono::hours vouch_for);

}  // namespace kagent::coordinator
