#include <openssl/asn1.h>
#include <openssl/pem.h>

#include <array>
#include <ctime>

#include "agent/common/trust/openssl.hpp"
#include "agent/common/trust/pki.hpp"

// Reads, writes and checks certificates.
namespace kagent::pki {

using openssl::last_error;

void FreeCertificate::operator()(x509_st* certificate) const {
  X509_free(certificate);
}

Result<Certificate> certificate_from_pem(std::string_view pem) {
  const auto bio = openssl::memory(pem);
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr),
                          FreeCertificate{});
  if (!certificate) return last_error(Errc::invalid_argument, "reading a certificate in PEM");
  return certificate;
}

Result<std::vector<Certificate>> certificates_from_pem(std::string_view pem) {
  const auto bio = openssl::memory(pem);
  std::vector<Certificate> all;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
    all.emplace_back(next, FreeCertificate{});
  auto end = last_error(Errc::invalid_argument, "no certificate in PEM");
  if (all.empty()) return end;
  return all;
}

Result<Certificate> certificate_from_der(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  Certificate certificate(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())),
                          FreeCertificate{});
  if (!certificate) return last_error(Errc::invalid_argument, "reading a certificate in DER");
  return certificate;
}

Result<std::string> to_pem(const Certificate& certificate) {
  const openssl::Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(bio.get(), certificate.get()) != 1)
    return last_error(Errc::internal, "writing a certificate in PEM");
  return openssl::content_of(bio);
}

Result<std::string> to_der(const Certificate& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  if (size <= 0) return last_error(Errc::internal, "writing a certificate in DER");
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

Result<std::string> spki_sha256(const Certificate& certificate) {
  Key key(X509_get_pubkey(certificate.get()), FreeKey{});
  if (!key) return last_error(Errc::invalid_argument, "the certificate's public key");
  return spki_sha256(key);
}

namespace {

std::string entry_of(X509_NAME* name, int nid) {
  const int at = X509_NAME_get_index_by_NID(name, nid, -1);
  if (at < 0) return {};
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return {};
  std::string value(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return value;
}

Result<std::chrono::system_clock::time_point> time_of(const ASN1_TIME* time) {
  std::tm broken{};
  if (ASN1_TIME_to_tm(time, &broken) != 1)
    return last_error(Errc::invalid_argument, "a certificate's time");
  return std::chrono::system_clock::from_time_t(::timegm(&broken));
}

// Envelope signers carry no TLS use at all, so that none of them can pose as a TLS peer.
bool may_be_used_for(X509* leaf, Use use) {
  const std::uint32_t extended = X509_get_extended_key_usage(leaf);
  const bool has_extended = (X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE) != 0;
  if (!has_extended) return false;
  switch (use) {
    case Use::server: return (extended & XKU_SSL_SERVER) != 0;
    case Use::client: return (extended & XKU_SSL_CLIENT) != 0;
    case Use::envelope_signing:
      return (extended & XKU_CODE_SIGN) != 0 && (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE);
  }
  return false;
}

}  // namespace

Result<Subject> subject_of(const Certificate& certificate) {
  X509_NAME* name = X509_get_subject_name(certificate.get());
  Subject subject{entry_of(name, NID_organizationName), entry_of(name, NID_commonName)};
  if (subject.common_name.empty())
    return Error(Errc::invalid_argument, "the certificate's subject has no common name");
  return subject;
}

std::string use_of(const Certificate& certificate) {
  if (X509_check_ca(certificate.get()) == 1) return "CA";
  const bool server = may_be_used_for(certificate.get(), Use::server);
  const bool client = may_be_used_for(certificate.get(), Use::client);
  if (server && client) return "server, client";
  return server ? "server" : client ? "client" : "";
}

Result<Validity> validity_of(const Certificate& certificate) {
  auto from = time_of(X509_get0_notBefore(certificate.get()));
  if (!from) return from.error();
  auto until = time_of(X509_get0_notAfter(certificate.get()));
  if (!until) return until.error();
  return Validity{*from, *until};
}

Result<> verify(const Certificate& leaf, const Certificate& ca, Use use,
                std::chrono::system_clock::time_point at) {
  const openssl::Store store(X509_STORE_new());
  const openssl::StoreContext context(X509_STORE_CTX_new());
  if (X509_STORE_add_cert(store.get(), ca.get()) != 1 ||
      X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr) != 1)
    return last_error(Errc::internal, "preparing the verification of a certificate");
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, std::chrono::system_clock::to_time_t(at));
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
  if (X509_verify_cert(context.get()) != 1) {
    const int reason = X509_STORE_CTX_get_error(context.get());
    (void)last_error(Errc::internal, "");
    return Error(Errc::permission_denied, std::string("the certificate does not verify: ") +
                                              X509_verify_cert_error_string(reason));
  }
  if (!may_be_used_for(leaf.get(), use))
    return Error(Errc::permission_denied, "the certificate is not for this use");
  return {};
}

}  // namespace kagent::pki
