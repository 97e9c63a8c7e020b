#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/admission/identity_document.hpp"
#include "coordinator/admission/region_certificates.hpp"

#include <string_view>

namespace kagent::attest {

inline constexpr std::size_t longest_pkcs7 = 16 << 10;

// `pkcs7`: from IMDS at /dynamic/instance-identity/rsa2048, the base64 of a CMS SignedData that
// holds the document. There must be exactly one signer, RSA with SHA-256, with a certificate of
// `certificates`: those in the message are ignored. Only the bytes that OpenSSL has verified are
// parsed. Errors: permission_denied, invalid_argument.
Result<IdentityDocument> verify_instance_identity(std::string_view pkcs7,
                                                  const RegionCertificates& certificates);

}  // namespace kagent::attest
