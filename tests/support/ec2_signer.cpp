#include "tests/support/ec2_signer.hpp"

#include "agent/common/base/file.hpp"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/dsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <stdexcept>

namespace kagent {
namespace {

void must(bool good, const char* what) {
  if (!good) throw std::runtime_error(what);
}

pki::Key make_dsa() {
  EVP_PKEY *parameters = nullptr, *key = nullptr;
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, nullptr);
  must(EVP_PKEY_paramgen_init(context) == 1, "dsa");
  must(EVP_PKEY_CTX_set_dsa_paramgen_bits(context, 1024) == 1, "dsa");
  must(EVP_PKEY_paramgen(context, &parameters) == 1, "dsa");
  EVP_PKEY_CTX* generator = EVP_PKEY_CTX_new(parameters, nullptr);
  must(EVP_PKEY_keygen_init(generator) == 1 && EVP_PKEY_keygen(generator, &key) == 1, "dsa");
  EVP_PKEY_CTX_free(generator);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(parameters);
  return {key, pki::FreeKey{}};
}

pki::Certificate self_signed(EVP_PKEY* key, long serial) {
  pki::Certificate certificate(X509_new(), pki::FreeCertificate{});
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("Test Web Services"), -1, -1,
                             0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key);
  must(X509_sign(certificate.get(), key, EVP_sha256()) > 0, "X509_sign");
  return certificate;
}

std::string in_lines(const std::string& der) {
  std::string text(der.size() * 2 + 4, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(der.data()),
                                     static_cast<int>(der.size()));
  text.resize(static_cast<std::size_t>(length));
  for (std::size_t at = 64; at < text.size(); at += 65) text.insert(at, "\n");
  return text;
}

}  // namespace

Ec2Signer::Ec2Signer(Kind kind, long serial) {
  if (kind == Kind::dsa)
    key_ = make_dsa();
  else
    key_ = {EVP_RSA_gen(kind == Kind::rsa2048 ? 2048 : 1024), pki::FreeKey{}};
  must(key_ != nullptr, "key");
  certificate_ = self_signed(key_.get(), serial);
}

std::string Ec2Signer::sign(const std::string& document, Options options) const {
  BIO* content = BIO_new_mem_buf(document.data(), static_cast<int>(document.size()));
  unsigned flags = CMS_BINARY | CMS_PARTIAL;
  if (!options.carry_certificate) flags |= CMS_NOCERTS;
  if (options.detached) flags |= CMS_DETACHED;
  CMS_ContentInfo* message = CMS_sign(nullptr, nullptr, nullptr, content, flags);
  must(message != nullptr, "CMS_sign");
  must(CMS_add1_signer(message, certificate_.get(), key_.get(),
                       options.sha1 ? EVP_sha1() : EVP_sha256(), flags) != nullptr,
       "CMS_add1_signer");
  must(CMS_final(message, content, nullptr, flags) == 1, "CMS_final");
  unsigned char* der = nullptr;
  const int size = i2d_CMS_ContentInfo(message, &der);
  must(size > 0, "i2d");
  const std::string text = in_lines({reinterpret_cast<char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  CMS_ContentInfo_free(message);
  BIO_free(content);
  return text;
}

std::string Ec2Signer::forge(const std::string& signed_text, const std::string& from,
                             const std::string& to) {
  std::string packed;
  for (const char c : signed_text)
    if (c != '\n') packed += c;
  std::string der(packed.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(der.data()),
                                   reinterpret_cast<const unsigned char*>(packed.data()),
                                   static_cast<int>(packed.size()));
  must(size > 0 && from.size() == to.size(), "forge");
  const auto padding = static_cast<std::size_t>(std::count(packed.end() - 2, packed.end(), '='));
  der.resize(static_cast<std::size_t>(size) - padding);
  const auto at = der.find(from);
  must(at != std::string::npos, "forge");
  return in_lines(der.replace(at, from.size(), to));
}

std::string Ec2Signer::pem() const {
  const auto text = pki::to_pem(certificate_);
  must(text.has_value(), "to_pem");
  return *text;
}

void Ec2Signer::publish(const std::filesystem::path& folder, const std::string& region) const {
  std::filesystem::create_directories(folder);
  must(write_file_atomic(folder / (region + ".pem"), pem(), 0644).has_value(), "publish");
}

std::string Ec2Signer::document(const std::string& instance_id, const std::string& region,
                                const std::string& private_ip) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char time[32];
  std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return R"({"accountId" : "123456789012", "architecture" : "x86_64", "availabilityZone" : ")" +
         region + R"(a", "imageId" : "ami-5fb8c835", "instanceId" : ")" + instance_id +
         R"(", "instanceType" : "t3.medium", "pendingTime" : ")" + time + R"(", "privateIp" : ")" +
         private_ip + R"(", "region" : ")" + region +
         R"(", "version" : "2017-09-30", "billingProducts" : null})";
}

}  // namespace kagent
