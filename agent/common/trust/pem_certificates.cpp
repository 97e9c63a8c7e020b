#include "agent/common/trust/pem_certificates.hpp"

#include "agent/common/trust/pki.hpp"

namespace kagent::pki {

Result<PemCertificates> PemCertificates::parse(std::string_view pem) {
  if (pem.size() > most_bytes)
    return Error(Errc::invalid_argument, "expected certificates of at most 64 KiB, found " +
                                             std::to_string(pem.size()) + " bytes");
  const auto certificates = certificates_from_pem(pem);
  if (!certificates)
    return Error(Errc::invalid_argument,
                 "expected certificates in PEM: " + certificates.error().message());
  if (certificates->empty() || certificates->size() > most)
    return Error(Errc::invalid_argument, "expected 1 to 16 certificates in PEM, found " +
                                             std::to_string(certificates->size()));
  std::string text;
  for (const Certificate& certificate : *certificates) {
    auto encoded = to_pem(certificate);
    if (!encoded) return encoded.error();
    text += *encoded;
  }
  return PemCertificates(std::move(text));
}

}  // namespace kagent::pki
