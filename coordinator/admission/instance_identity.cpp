#include "coordinator/admission/instance_identity.hpp"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include <memory>
#include <optional>
#include <string>

namespace kagent::attest {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
void free_stack(STACK_OF(X509) * stack) {
  sk_X509_free(stack);
}
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Cms = std::unique_ptr<CMS_ContentInfo, Freer<CMS_ContentInfo_free>>;
using Stack = std::unique_ptr<STACK_OF(X509), Freer<free_stack>>;

Error refused(std::string_view why) {
  ERR_clear_error();
  return {Errc::permission_denied, "instance identity: " + std::string(why)};
}
Error malformed(std::string_view why) {
  ERR_clear_error();
  return {Errc::invalid_argument, "instance identity: " + std::string(why)};
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string packed;
  for (const char c : text)
    if (c != '\n' && c != '\r') packed += c;
  if (packed.empty() || packed.size() % 4 != 0) return std::nullopt;
  std::string bytes(packed.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(packed.data()),
                                     static_cast<int>(packed.size()));
  if (length < 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && packed[packed.size() - 1 - padding] == '=') ++padding;
  bytes.resize(static_cast<std::size_t>(length) - padding);
  return bytes;
}

bool is_rsa_sha256(CMS_SignerInfo* signer) {
  X509_ALGOR *digest = nullptr, *signature = nullptr;
  CMS_SignerInfo_get0_algs(signer, nullptr, nullptr, &digest, &signature);
  const int with = OBJ_obj2nid(signature->algorithm);
  return OBJ_obj2nid(digest->algorithm) == NID_sha256 &&
         (with == NID_rsaEncryption || with == NID_sha256WithRSAEncryption);
}

Cms parse(const std::string& der) {
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = begin;
  Cms message(d2i_CMS_ContentInfo(nullptr, &end, static_cast<long>(der.size())));
  return end == begin + der.size() ? std::move(message) : nullptr;
}

// The content that the certificate has signed, if it has. The message is parsed each time, since
// OpenSSL keeps the first certificate that a message was verified with.
std::optional<std::string> signed_by(const std::string& der, X509* certificate) {
  const Cms message = parse(der);
  const Stack only(sk_X509_new_null());
  const Bio content(BIO_new(BIO_s_mem()));
  if (!only || !content || sk_X509_push(only.get(), certificate) == 0) return std::nullopt;
  constexpr unsigned flags = CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY;
  if (CMS_verify(message.get(), only.get(), nullptr, nullptr, content.get(), flags) != 1)
    return std::nullopt;
  char* data = nullptr;
  const long size = BIO_get_mem_data(content.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

Result<IdentityDocument> verify_instance_identity(std::string_view pkcs7,
                                                  const RegionCertificates& certificates) {
  if (pkcs7.size() > longest_pkcs7) return malformed("is larger than 16 KiB");
  const auto der = from_base64(pkcs7);
  if (!der) return malformed("is not base64");
  const Cms message = parse(*der);
  if (!message || OBJ_obj2nid(CMS_get0_type(message.get())) != NID_pkcs7_signed)
    return malformed("is not a PKCS#7 signature");
  if (CMS_is_detached(message.get()) != 0) return malformed("holds no document");
  auto* signers = CMS_get0_SignerInfos(message.get());
  if (signers == nullptr || sk_CMS_SignerInfo_num(signers) != 1)
    return refused("is not signed exactly once");
  CMS_SignerInfo* signer = sk_CMS_SignerInfo_value(signers, 0);
  if (!is_rsa_sha256(signer))
    return refused("is not signed with RSA and SHA-256: kagent takes rsa2048 only");
  bool named = false;
  std::optional<Error> elsewhere;  // several regions may share a certificate
  for (const auto& [region, of_region] : certificates)
    for (const auto& certificate : of_region) {
      if (CMS_SignerInfo_cert_cmp(signer, certificate.get()) != 0) continue;
      named = true;
      const auto document = signed_by(*der, certificate.get());
      if (!document) continue;
      ERR_clear_error();
      auto identity = parse_identity_document(*document);
      if (!identity || identity->region == region) return identity;
      elsewhere = refused("is from region " + identity->region +
                          ", but signed with the certificate of " + region);
    }
  if (elsewhere) return *elsewhere;
  if (named) return refused("its signature does not hold for the document in it");
  return refused("is not signed with any of the coordinator's region certificates");
}

}  // namespace kagent::attest
