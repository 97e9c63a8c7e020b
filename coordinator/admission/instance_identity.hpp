#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/admission/identity_document.hpp"
#include "coordinator/admission/region_certificates.hpp"

#include <string_view>

namespace kagent::attest {

inline constexpr std::size_t longest_pkcs7 = 16 << 10;

// `pkcs7`: what IMDS gives at /dynamic/instance-identity/rsa2048, base64 of a CMS SignedData with
// the document inside. Exactly one signer, RSA with SHA-256, whose certificate is one of ours:
// those that the message carries are not looked at. Only the bytes that OpenSSL verified are
// parsed. Errors: permission_denied, invalid_argument.
Result<IdentityDocument> verify_instance_identity(std::string_view pkcs7,
                                                  const RegionCertificates& certificates);

}  // namespace kagent::attest
