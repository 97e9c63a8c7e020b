#pragma once

#include "agent/common/base/error.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st;
struct x509_st;

// ECDSA P-256 keys and X.509 certificates over OpenSSL. Certificates say in the subject what their
// holder is: O = one of the roles below, CN = node id (nodes), admin name, or "coordinator".
namespace kagent::pki {

inline constexpr std::string_view coordinator_server_name = "coordinator.kagent.internal";
inline constexpr std::string_view node_organization = "kagent:node";
inline constexpr std::string_view admin_organization = "kagent:admin";
inline constexpr std::string_view signer_organization = "kagent:envelope-signer";

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
struct FreeCertificate {
  void operator()(x509_st* certificate) const;
};
using Key = std::shared_ptr<evp_pkey_st>;
using Certificate = std::shared_ptr<x509_st>;

Result<Key> generate_key();
Result<Key> key_from_pem(std::string_view pem);
Result<std::string> key_to_pem(const Key& key);  // PKCS#8, not encrypted: 0600 files only

Result<Certificate> certificate_from_pem(std::string_view pem);  // the first one in it
Result<Certificate> certificate_from_der(std::string_view der);
Result<std::vector<Certificate>> certificates_from_pem(std::string_view pem);
Result<std::string> to_pem(const Certificate& certificate);
Result<std::string> to_der(const Certificate& certificate);

// SHA-256 of the SubjectPublicKeyInfo in DER, 64 lower-case hexadecimal digits (as kubeadm's
// --discovery-token-ca-cert-hash, without its "sha256:").
Result<std::string> spki_sha256(const Certificate& certificate);
Result<std::string> spki_sha256(const Key& key);

struct Subject {
  std::string organization;
  std::string common_name;
};
Result<Subject> subject_of(const Certificate& certificate);

// "CA", "server", "client", "server, client"; empty if it says nothing of it.
std::string use_of(const Certificate& certificate);

struct Validity {
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;
};
Result<Validity> validity_of(const Certificate& certificate);

// A self-signed CA, valid for ten years, pathlen 0; CN "kagent CA CLUSTER-ID".
Result<Certificate> make_ca(const Key& key, std::string_view cluster_id);

enum class Use { server, client, envelope_signing };
struct IssueRequest {
  Subject subject;
  Use use = Use::client;
  std::chrono::seconds lifetime{};
  std::vector<std::string> dns_names;  // server only
};
// notBefore is five minutes back, for clocks that differ a little.
Result<Certificate> issue(const IssueRequest& request, const Key& public_key, const Certificate& ca,
                          const Key& ca_key);

Result<std::string> make_csr(const Key& key, std::string_view common_name);  // PKCS#10 DER
struct Csr {
  std::string common_name;
  Key public_key;
};
// The CSR's own signature is verified: its sender holds the key.
Result<Csr> parse_csr(std::string_view der);

// What a request that is not for our CA asks for: of any key.
struct RequestedName {
  std::vector<std::string> organizations;
  std::string common_name;
  bool has_extensions = false;  // alternative names, usages
};
Result<RequestedName> requested_name(std::string_view pem);

// The chain leaf -> ca holds at time `at`, and the leaf may be used for `use`.
Result<> verify(const Certificate& leaf, const Certificate& ca, Use use,
                std::chrono::system_clock::time_point at);

Result<std::string> sign_sha256(const Key& key, std::string_view data);  // DER
bool verify_sha256(const Certificate& signer, std::string_view data, std::string_view signature);
bool verify_sha256(const Key& signer, std::string_view data, std::string_view signature);

std::string sha256_hex(std::string_view data);
std::string random_hex(std::size_t bytes);
// Constant-time.
bool equal_secret(std::string_view left, std::string_view right);

}  // namespace kagent::pki
