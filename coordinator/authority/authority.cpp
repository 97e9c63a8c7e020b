#include "coordinator/authority/authority.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/trust/ca_succession.hpp"
#include "coordinator/authority/ca_files.hpp"
#include "coordinator/authority/state_files.hpp"

#include <algorithm>

namespace kagent::coordinator {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::system_clock;

constexpr hours own_certificate_lifetime{24 * 365};

// Earlier CAs stay trusted for as long as they vouch for this one.
Result<> add_earlier(Authority& authority, const pki::Certificate& earlier,
                     system_clock::time_point now) {
  auto sha256 = pki::spki_sha256(earlier);
  if (!sha256) return sha256.error();
  const auto line = ca_succession(authority.signer.cas, *sha256, now);
  if (!line || line->back() != authority.ca) return {};
  auto pem = pki::to_pem(earlier);
  if (!pem) return pem.error();
  authority.client_roots_pem += *pem;
  authority.pins.push_back(std::move(*sha256));
  return {};
}

Result<> load_ca(Authority& authority, const fs::path& folder, system_clock::time_point now) {
  auto ca = open_ca(folder, authority.cluster_id);
  if (!ca) return ca.error();
  authority.ca_key = ca->key;
  authority.ca = ca->certificate;
  auto pem = pki::to_pem(authority.ca);
  if (!pem) return pem.error();
  auto sha256 = pki::spki_sha256(authority.ca);
  if (!sha256) return sha256.error();
  authority.ca_sha256 = *sha256;
  authority.replaced_ca = ca->replaced;
  authority.pins = {*sha256};
  authority.bundle_pem = authority.client_roots_pem = *pem;
  authority.signer.cas = {authority.ca};
  authority.signer.cas.insert(authority.signer.cas.end(), ca->before.begin(), ca->before.end());
  for (const auto& certificate : ca->before) {
    auto one = pki::to_pem(certificate);
    if (!one) return one.error();
    authority.bundle_pem += *one;
    const auto subject = pki::subject_of(certificate);
    const auto validity = pki::validity_of(certificate);
    if (!subject || !validity)
      return Error(Errc::data_loss, (folder / "ca-before.pem").string() + " is damaged");
    if (subject->organization == successor_organization)
      authority.vouchers.push_back(*validity);
    else if (auto added = add_earlier(authority, certificate, now); !added)
      return added;
  }
  return {};
}

// When a third of its life remains.
system_clock::time_point renewal_of(const pki::Validity& validity) {
  return validity.not_after - (validity.not_after - validity.not_before) / 3;
}

bool wants_renewal(const pki::Certificate& certificate, const Authority& authority, pki::Use use,
                   system_clock::time_point now) {
  auto validity = pki::validity_of(certificate);
  if (!validity || !pki::verify(certificate, authority.ca, use, now)) return true;
  return now >= renewal_of(*validity);
}

struct Issued {
  pki::Key key;
  pki::Certificate certificate;
};

// Opens a certificate of the coordinator in NAME.key and NAME.crt; issues it if it is missing or
// due.
Result<Issued> own_certificate(const Authority& authority, const fs::path& folder,
                               const std::string& name, const pki::IssueRequest& request,
                               system_clock::time_point now) {
  auto key = read_or_make_key(folder / (name + ".key"));
  if (!key) return key.error();
  const fs::path path = folder / (name + ".crt");
  if (auto pem = read_file(path)) {
    auto certificate = pki::certificate_from_pem(*pem);
    if (certificate && !wants_renewal(*certificate, authority, request.use, now))
      return Issued{*key, *certificate};
    log::info("renewing {}", path.string());
  }
  auto certificate = pki::issue(request, *key, authority.ca, authority.ca_key);
  if (!certificate) return certificate.error();
  auto pem = pki::to_pem(*certificate);
  if (!pem) return pem.error();
  if (auto written = write_file_atomic(path, *pem, secret_mode); !written) return written.error();
  return Issued{*key, *certificate};
}

Result<> load_server(Authority& authority, const fs::path& folder, system_clock::time_point now) {
  const pki::IssueRequest request{{"kagent:coordinator", "coordinator"},
                                  pki::Use::server,
                                  own_certificate_lifetime,
                                  {std::string(pki::coordinator_server_name), "localhost"}};
  auto server = own_certificate(authority, folder, "server", request, now);
  if (!server) return server.error();
  auto key = pki::key_to_pem(server->key);
  auto certificate = pki::to_pem(server->certificate);
  if (!key) return key.error();
  if (!certificate) return certificate.error();
  authority.server_key_pem = *key;
  authority.server_chain_pem = *certificate + authority.bundle_pem;
  return {};
}

Result<> load_signer(Authority& authority, const fs::path& folder, system_clock::time_point now) {
  const pki::IssueRequest request{{std::string(pki::signer_organization), "coordinator"},
                                  pki::Use::envelope_signing,
                                  own_certificate_lifetime,
                                  {}};
  auto signer = own_certificate(authority, folder, "signer", request, now);
  if (!signer) return signer.error();
  authority.signer.key = signer->key;
  authority.signer.certificate = signer->certificate;
  return {};
}

std::string new_token() {
  return pki::random_hex(24);
}

Result<std::string> load_token(const fs::path& folder, const fs::path& token_file) {
  const bool own = token_file.empty();
  const fs::path path = own ? folder / "enrolment-token" : token_file;
  auto content =
      own ? read_or_make(path, []() -> Result<std::string> { return new_token() + "\n"; })
          : read_file(path, 4096);
  if (!content) return content.error();
  std::string token = trimmed(*content);
  const bool plain = std::ranges::all_of(token, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (token.size() < 16 || token.size() > 256 || !plain)
    return Error(
        Errc::invalid_argument,
        path.string() + ": an enrolment token is 16 to 256 letters, digits, '-', '_' or '.'");
  return token;
}

}  // namespace

Result<std::string> issue_node_certificate(const Authority& authority, const std::string& node_id,
                                           const pki::Key& key) {
  const pki::IssueRequest request{{std::string(pki::node_organization), node_id},
                                  pki::Use::client,
                                  node_certificate_lifetime,
                                  {}};
  auto certificate = pki::issue(request, key, authority.ca, authority.ca_key);
  if (!certificate) return certificate.error();
  return pki::to_pem(*certificate);
}

Result<std::vector<OwnCertificate>> own_certificates(const Authority& authority) {
  std::vector<OwnCertificate> all;
  const auto server = pki::certificate_from_pem(authority.server_chain_pem);
  if (!server) return server.error();
  const auto ca = pki::validity_of(authority.ca);
  const auto of_server = pki::validity_of(*server);
  const auto signer = pki::validity_of(authority.signer.certificate);
  const auto name = pki::subject_of(authority.ca);
  const auto own = pki::subject_of(*server);
  if (!ca || !of_server || !signer || !name || !own)
    return Error(Errc::internal, "a certificate without a validity or a name");
  all.push_back({"CA", name->common_name, *ca, std::nullopt});
  for (const pki::Validity& voucher : authority.vouchers)
    all.push_back({"CA before, known", name->common_name, voucher, std::nullopt});
  all.push_back({"server", own->common_name, *of_server, renewal_of(*of_server)});
  all.push_back({"envelopes", own->common_name, *signer, renewal_of(*signer)});
  return all;
}

Result<std::string> renew_enrolment_token(const Authority& authority) {
  if (authority.own_token_file.empty())
    return Error(Errc::failed_precondition,
                 "the token of user-data comes from --token-file: change that file and restart");
  std::string token = new_token();
  if (auto written = write_file_atomic(authority.own_token_file, token + "\n", secret_mode);
      !written)
    return written.error();
  return token;
}

Result<Credential> issue_admin(const fs::path& folder, const std::string& name) {
  const bool plain = std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '@';
  });
  if (name.empty() || name.size() > 64 || !plain || name.front() == '.')
    return Error(Errc::invalid_argument,
                 "an administrator's name is 1 to 64 letters, digits, '-', '_', '.' or '@'");
  std::error_code ignored;
  if (fs::exists(folder / "ca-next.pem", ignored))
    return Error(Errc::failed_precondition,
                 "a new CA is waiting for a restart: restart kagent-coordinator first");
  if (!fs::exists(folder / "ca.crt", ignored))
    return Error(Errc::not_found, folder.string() +
                                      ": there is no CA here yet, or it may not be read: start "
                                      "kagent-coordinator first, and run this as root");
  const auto ca = open_ca(folder, "");
  if (!ca) return ca.error();
  auto key = pki::generate_key();
  if (!key) return key.error();
  const pki::IssueRequest request{{std::string(pki::admin_organization), name},
                                  pki::Use::client,
                                  admin_certificate_lifetime,
                                  {}};
  auto certificate = pki::issue(request, *key, ca->certificate, ca->key);
  if (!certificate) return certificate.error();
  auto certificate_pem = pki::to_pem(*certificate);
  auto key_pem = pki::key_to_pem(*key);
  if (!certificate_pem) return certificate_pem.error();
  if (!key_pem) return key_pem.error();
  return Credential{*certificate_pem, *key_pem};
}

Result<Authority> open_authority(const fs::path& folder, const std::string& cluster_id,
                                 const fs::path& token_file, system_clock::time_point now) {
  Authority authority;
  authority.cluster_id = cluster_id;
  if (auto ca = load_ca(authority, folder, now); !ca) return ca.error();
  if (auto server = load_server(authority, folder, now); !server) return server.error();
  if (auto signer = load_signer(authority, folder, now); !signer) return signer.error();
  auto token = load_token(folder, token_file);
  if (!token) return token.error();
  authority.enrolment_token = std::move(*token);
  if (token_file.empty()) authority.own_token_file = folder / "enrolment-token";
  return authority;
}

}  // namespace kagent::coordinator
