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
  std::optional<std::chrono::system_clock::time_point> renewal;  // nothing: by hand
};

// Who the coordinator is: its CA and what the CA has issued for the coordinator itself.
struct Authority {
  std::string cluster_id;
  pki::Key ca_key;
  pki::Certificate ca;
  std::string ca_sha256;    // SPKI hash, for user-data
  std::string replaced_ca;  // that of the CA before it; empty: it is the first
  std::string bundle_pem;   // the CA, and what leads to it from those before: ca_succession.hpp
  std::vector<std::string> pins;        // of all these CAs
  std::string client_roots_pem;         // they themselves
  std::vector<pki::Validity> vouchers;  // from when until when user-data may name the others
  std::string server_key_pem;
  std::string server_chain_pem;  // server certificate and bundle: a node looks for its CA in it
  EnvelopeSigner signer;
  std::string enrolment_token;  // the one that user-data carries; secret. Empty: not known here
  std::filesystem::path own_token_file;  // where that is kept; empty: it is the operator's
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
// A new key and admin certificate of the CA that is in the state folder; it cannot be withdrawn, it
// expires. Errors: not_found (there is no CA yet), permission_denied, invalid_argument (the name is
// not 1 to 64 letters, digits, '-', '_', '.' or '@').
Result<Credential> issue_admin(const std::filesystem::path& folder, const std::string& name);

// Another token for user-data, on disk when it returns. Errors: failed_precondition (it is the
// operator's).
Result<std::string> renew_enrolment_token(const Authority& authority);

// A start from then on renews it. Errors: internal.
Result<std::vector<OwnCertificate>> own_certificates(const Authority& authority);

// All of it but the store: the CA's files, server.{key,crt}, signer.{key,crt} (renewed when less
// than a third of their life remains), enrolment-token; made where they are not there, all 0600.
// `token_file` replaces the token of the folder when not empty. Errors: data_loss.
Result<Authority> open_authority(const std::filesystem::path& folder, const std::string& cluster_id,
                                 const std::filesystem::path& token_file,
                                 std::chrono::system_clock::time_point now);

}  // namespace kagent::coordinator
