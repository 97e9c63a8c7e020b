#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/trust/envelope.hpp"
#include "agent/common/trust/pki.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kagent::coordinator {

struct OwnCertificate {
  std::string use;  // "CA", "CA before, known", "server", "envelopes"
  std::string subject;
  pki::Validity validity;
  std::optional<std::chrono::system_clock::time_point> renewal;  // nothing: not automatic
};

// The coordinator's CA, and the certificates that this CA has issued for the coordinator itself.
struct Authority {
  std::string cluster_id;
  pki::Key ca_key;
  pki::Certificate ca;
  std::string ca_sha256;          // SPKI hash, for user-data
  std::string replaced_ca;        // SPKI hash of the previous CA; empty: this one is the first
  std::string bundle_pem;         // the CA, and the links from earlier CAs to it: ca_succession.hpp
  std::vector<std::string> pins;  // SPKI hashes of all these CAs
  std::string client_roots_pem;   // all these CAs
  std::vector<pki::Validity> vouchers;  // when user-data may name an earlier CA
  std::string server_key_pem;
  std::string server_chain_pem;  // server certificate and bundle, in which a node finds its CA
  EnvelopeSigner signer;
  std::string enrolment_token;           // the token of user-data; secret. Empty: not known here
  std::filesystem::path own_token_file;  // where the token is; empty: the operator's --token-file
};

inline constexpr std::chrono::hours node_certificate_lifetime{24};

// A client certificate for the node's key. Errors: internal.
Result<std::string> issue_node_certificate(const Authority& authority, const std::string& node_id,
                                           const pki::Key& key);

inline constexpr std::chrono::hours admin_certificate_lifetime{24 * 30};

struct Credential {
  std::string certificate_pem;
  std::string key_pem;  // secret
};
// A new key and an admin certificate, issued by the CA in the state folder. The certificate cannot
// be revoked; it expires. Errors: not_found (there is no CA yet), permission_denied,
// invalid_argument (the name is not 1 to 64 letters, digits, '-', '_', '.' or '@').
Result<Credential> issue_admin(const std::filesystem::path& folder, const std::string& name);

// A new token for user-data, on disk when it returns. Errors: failed_precondition (the operator
// gives the token with --token-file).
Result<std::string> renew_enrolment_token(const Authority& authority);

// With the time from which a start renews each. Errors: internal.
Result<std::vector<OwnCertificate>> own_certificates(const Authority& authority);

// Opens everything in the state folder but the store, and makes what is missing, with mode 0600:
// the CA's files, server.{key,crt}, signer.{key,crt} (renewed when less than a third of their life
// remains), enrolment-token. A `token_file` replaces the folder's token. Errors: data_loss.
Result<Authority> open_authority(const std::filesystem::path& folder, const std::string& cluster_id,
                                 const std::filesystem::path& token_file,
                                 std::chrono::system_clock::time_point now);

}  // namespace kagent::coordinator
