#include <openssl/asn1.h>
#include <openssl/rand.h>

#include <array>
#include <ctime>

#include "agent/common/trust/openssl.hpp"

#include <openssl/pem.h>
#include "agent/common/trust/pki.hpp"

// Makes certificates and certificate requests.
namespace kagent::pki {
namespace {

using namespace std::chrono_literals;
using openssl::last_error;

constexpr auto clock_difference = 5min;
constexpr auto ca_lifetime = std::chrono::hours(24 * 3650);

bool set_name(X509_NAME* name, const Subject& subject) {
  const auto add = [name](const char* field, const std::string& value) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(value.data()),
                                      static_cast<int>(value.size()), -1, 0) == 1;
  };
  return (subject.organization.empty() || add("O", subject.organization)) &&
         add("CN", subject.common_name);
}

// 20 bytes, the most that RFC 5280 allows, with the top bit clear: positive.
bool set_random_serial(X509* certificate) {
  std::array<unsigned char, 20> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7FU) | 1U);
  ASN1_INTEGER* serial = X509_get_serialNumber(certificate);
  return ASN1_STRING_set(serial, bytes.data(), static_cast<int>(bytes.size())) == 1;
}

bool set_validity(X509* certificate, std::chrono::seconds lifetime) {
  const auto now = std::chrono::system_clock::now();
  const auto from = std::chrono::system_clock::to_time_t(now - clock_difference);
  const auto until = std::chrono::system_clock::to_time_t(now + lifetime);
  return ASN1_TIME_set(X509_getm_notBefore(certificate), from) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), until) != nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const openssl::Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

const char* extended_usage(Use use) {
  switch (use) {
    case Use::server: return "serverAuth";
    case Use::client: return "clientAuth";
    case Use::envelope_signing: return "codeSigning";
  }
  return "";
}

bool is_p256(EVP_PKEY* key) {
  std::array<char, 32> group{};
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
         std::string_view(group.data()) == SN_X9_62_prime256v1;
}

bool is_dns_name(const std::string& name) {
  return !name.empty() && name.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == std::string::npos;
}

}  // namespace

Result<Certificate> make_ca(const Key& key, std::string_view cluster_id) {
  Certificate ca(X509_new(), FreeCertificate{});
  X509* raw = ca.get();
  const Subject subject{"kagent", "kagent CA " + std::string(cluster_id)};
  const bool made = raw != nullptr && X509_set_version(raw, X509_VERSION_3) == 1 &&
                    set_random_serial(raw) && set_validity(raw, ca_lifetime) &&
                    set_name(X509_get_subject_name(raw), subject) &&
                    X509_set_issuer_name(raw, X509_get_subject_name(raw)) == 1 &&
                    X509_set_pubkey(raw, key.get()) == 1 &&
                    add_extension(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    add_extension(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    add_extension(raw, raw, NID_subject_key_identifier, "hash") &&
                    X509_sign(raw, key.get(), EVP_sha256()) > 0;
  if (!made) return last_error(Errc::internal, "making the CA certificate");
  return ca;
}

Result<Certificate> issue(const IssueRequest& request, const Key& public_key, const Certificate& ca,
                          const Key& ca_key) {
  std::string alternative_names;
  for (const std::string& name : request.dns_names) {
    if (!is_dns_name(name)) return Error(Errc::invalid_argument, "not a DNS name: " + name);
    alternative_names += (alternative_names.empty() ? "DNS:" : ",DNS:") + name;
  }
  Certificate certificate(X509_new(), FreeCertificate{});
  X509* raw = certificate.get();
  const bool made = raw != nullptr && X509_set_version(raw, X509_VERSION_3) == 1 &&
                    set_random_serial(raw) && set_validity(raw, request.lifetime) &&
                    set_name(X509_get_subject_name(raw), request.subject) &&
                    X509_set_issuer_name(raw, X509_get_subject_name(ca.get())) == 1 &&
                    X509_set_pubkey(raw, public_key.get()) == 1 &&
                    add_extension(raw, ca.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(raw, ca.get(), NID_key_usage, "critical,digitalSignature") &&
                    add_extension(raw, ca.get(), NID_ext_key_usage, extended_usage(request.use)) &&
                    add_extension(raw, ca.get(), NID_subject_key_identifier, "hash") &&
                    add_extension(raw, ca.get(), NID_authority_key_identifier, "keyid:always") &&
                    (alternative_names.empty() ||
                     add_extension(raw, ca.get(), NID_subject_alt_name, alternative_names)) &&
                    X509_sign(raw, ca_key.get(), EVP_sha256()) > 0;
  if (!made) return last_error(Errc::internal, "issuing a certificate");
  return certificate;
}

Result<std::string> make_csr(const Key& key, std::string_view common_name) {
  const openssl::Request request(X509_REQ_new());
  const Subject subject{"", std::string(common_name)};
  if (!set_name(X509_REQ_get_subject_name(request.get()), subject) ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0)
    return last_error(Errc::internal, "making a certificate request");
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request.get(), &der);
  if (size <= 0) return last_error(Errc::internal, "encoding a certificate request");
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

Result<Csr> parse_csr(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const openssl::Request request(d2i_X509_REQ(nullptr, &bytes, static_cast<long>(der.size())));
  if (!request) return last_error(Errc::invalid_argument, "reading a certificate request");
  Csr csr;
  csr.public_key = Key(X509_REQ_get_pubkey(request.get()), FreeKey{});
  // The key size is checked first: anybody may send a request, even with a 16,384-bit RSA key.
  if (!csr.public_key || !is_p256(csr.public_key.get()))
    return last_error(Errc::invalid_argument, "the certificate request's key is not ECDSA P-256");
  if (X509_REQ_verify(request.get(), csr.public_key.get()) != 1)
    return last_error(Errc::permission_denied, "the certificate request is not signed by its key");
  X509_NAME* name = X509_REQ_get_subject_name(request.get());
  std::array<char, 128> common_name{};
  if (X509_NAME_get_text_by_NID(name, NID_commonName, common_name.data(),
                                static_cast<int>(common_name.size())) <= 0)
    return Error(Errc::invalid_argument, "the certificate request has no common name");
  csr.common_name = common_name.data();
  return csr;
}

Result<RequestedName> requested_name(std::string_view pem) {
  const openssl::Bio bio = openssl::memory(pem);
  const openssl::Request request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  if (!request) return last_error(Errc::invalid_argument, "reading a certificate request");
  RequestedName found;
  const X509_NAME* name = X509_REQ_get_subject_name(request.get());
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
    if (size < 0) return last_error(Errc::invalid_argument, "reading a certificate request");
    const std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
    OPENSSL_free(utf8);
    const int kind = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    if (kind == NID_organizationName)
      found.organizations.push_back(text);
    else if (kind == NID_commonName && found.common_name.empty())
      found.common_name = text;
    else
      return Error(Errc::invalid_argument, "a certificate request has an unexpected subject");
  }
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request.get());
  found.has_extensions = sk_X509_EXTENSION_num(extensions) > 0;
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  return found;
}

}  // namespace kagent::pki
