#include "coordinator/admission/region_certificates.hpp"

#include "agent/common/base/file.hpp"

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace kagent::attest {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_bytes = 64 << 10;
constexpr int least_bits = 2048;

Result<> usable(const pki::Certificate& certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate.get());
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
    return Error(Errc::invalid_argument,
                 "holds a key that is not RSA: it is the certificate for `pkcs7` (DSA); take the "
                 "one for rsa2048");
  if (EVP_PKEY_get_bits(key) < least_bits)
    return Error(Errc::invalid_argument,
                 "holds an RSA key of " + std::to_string(EVP_PKEY_get_bits(key)) +
                     " bits: it is the certificate for `signature`; take the one for rsa2048");
  return {};
}

}  // namespace

Result<RegionCertificates> load_region_certificates(const fs::path& folder) {
  const Error none(Errc::not_found, folder.string() +
                                        ": there is no REGION.pem in it, with which AWS signs the "
                                        "instance identity documents (rsa2048) of that region");
  RegionCertificates certificates;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".pem") continue;
    const auto pem = read_file(entry.path(), most_bytes);
    if (!pem) return pem.error();
    auto found = pki::certificates_from_pem(*pem);
    if (!found)
      return Error(Errc::invalid_argument, found.error().message()).context(entry.path().string());
    for (const auto& certificate : *found)
      if (auto good = usable(certificate); !good)
        return good.error().context(entry.path().string());
    certificates.emplace(entry.path().stem().string(), std::move(*found));
  }
  if (error || certificates.empty()) return none;
  return certificates;
}

}  // namespace kagent::attest
