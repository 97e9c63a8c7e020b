#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <array>
#include <stdexcept>

#include "agent/common/trust/openssl.hpp"
#include "agent/common/trust/pki.hpp"

// Keys, signatures, digests.
namespace kagent::pki {

using openssl::last_error;

void FreeKey::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

Result<Key> generate_key() {
  Key key(EVP_EC_gen("P-256"), FreeKey{});
  if (!key) return last_error(Errc::internal, "generating a P-256 key");
  return key;
}

Result<Key> key_from_pem(std::string_view pem) {
  const auto bio = openssl::memory(pem);
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), FreeKey{});
  if (!key) return last_error(Errc::invalid_argument, "reading a private key in PEM");
  return key;
}

Result<std::string> key_to_pem(const Key& key) {
  const openssl::Bio bio(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
      1)
    return last_error(Errc::internal, "writing a private key in PEM");
  return openssl::content_of(bio);
}

std::string sha256_hex(std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 is not available");
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += digits[digest[i] >> 4U];
    text += digits[digest[i] & 15U];
  }
  return text;
}

Result<std::string> spki_sha256(const Key& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  if (size <= 0) return last_error(Errc::internal, "encoding a public key");
  const std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return sha256_hex(bytes);
}

Result<std::string> sign_sha256(const Key& key, std::string_view data) {
  const openssl::DigestContext context(EVP_MD_CTX_new());
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1)
    return last_error(Errc::internal, "signing");
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  std::size_t size = 0;
  if (EVP_DigestSign(context.get(), nullptr, &size, bytes, data.size()) != 1)
    return last_error(Errc::internal, "signing");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes, data.size()) != 1)
    return last_error(Errc::internal, "signing");
  signature.resize(size);
  return signature;
}

namespace {

bool verify_with(EVP_PKEY* key, std::string_view data, std::string_view signature) {
  const openssl::DigestContext context(EVP_MD_CTX_new());
  const bool good =
      key != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), reinterpret_cast<const unsigned char*>(data.data()),
                       data.size()) == 1;
  if (!good) (void)last_error(Errc::internal, "");  // empties OpenSSL's queue
  return good;
}

}  // namespace

bool verify_sha256(const Certificate& signer, std::string_view data, std::string_view signature) {
  return verify_with(X509_get0_pubkey(signer.get()), data, signature);
}

bool verify_sha256(const Key& signer, std::string_view data, std::string_view signature) {
  return verify_with(signer.get(), data, signature);
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes)) != 1)
    throw std::runtime_error("the system's random number generator failed");
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char value : raw) {
    const auto byte = static_cast<unsigned char>(value);
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

bool equal_secret(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace kagent::pki
