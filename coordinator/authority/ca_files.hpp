#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/trust/pki.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// The coordinator's CA on disk: ca.key and ca.crt; ca-before.pem, the CAs before it and what leads
// on from each (agent/common/trust/ca_succession.hpp); ca-next.pem, one that the next start puts in
// force; ca-replaced, the hash of the one before it, whether that is still trusted or not.
namespace kagent::coordinator {

struct Ca {
  pki::Key key;
  pki::Certificate certificate;
  std::vector<pki::Certificate> before;
  std::string replaced;  // SPKI hash of the last one before it; empty: it is the first
};

// Made when there is none; what is in ca-next.pem is put in force, also when an earlier start was
// cut off doing so. Errors: data_loss (key and certificate do not belong together).
Result<Ca> open_ca(const std::filesystem::path& folder, std::string_view cluster_id);

// SPKI hashes of the CAs in the folder: of ca.crt, of what it has replaced, of ca-next.pem. Changes
// nothing. Errors: not_found (there is no ca.crt), permission_denied, data_loss.
Result<std::vector<std::string>> cas_in(const std::filesystem::path& folder);

// Makes another CA, which is in force from the next start on; what the one before has issued is
// then issued anew. `vouch_for`: how long user-data may go on naming the CA before. 0: it is not to
// be trusted any more, and every node needs new user-data. Asked again before that start, the first
// one is forgotten. Errors: not_found (there is no CA yet), permission_denied, invalid_argument
// (over ten years).
Result<> replace_ca(const std::filesystem::path& folder, std::chrono::hours vouch_for);

}  // namespace kagent::coordinator
