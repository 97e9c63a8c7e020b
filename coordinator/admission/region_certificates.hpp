#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/trust/pki.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kagent::attest {

// With what AWS signs the rsa2048 documents of each region (AWS, "RSA-2048 certificates").
using RegionCertificates = std::map<std::string, std::vector<pki::Certificate>>;

// FOLDER/REGION.pem, each with one certificate or several: an old one and its successor. Errors:
// not_found (no folder, or none in it), invalid_argument (the file, and what is wrong: not PEM, not
// an RSA key of 2048 bits or more).
Result<RegionCertificates> load_region_certificates(const std::filesystem::path& folder);

}  // namespace kagent::attest
