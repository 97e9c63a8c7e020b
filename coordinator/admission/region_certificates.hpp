#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/trust/pki.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kagent::attest {

// The certificates with which AWS signs the rsa2048 documents of each region (AWS, "RSA-2048
// certificates").
using RegionCertificates = std::map<std::string, std::vector<pki::Certificate>>;

// Reads FOLDER/REGION.pem; each file may hold several certificates, such as an old one and its
// successor. Errors: not_found (no folder or no file in it), invalid_argument (not PEM, or not an
// RSA key of at least 2048 bits).
Result<RegionCertificates> load_region_certificates(const std::filesystem::path& folder);

}  // namespace kagent::attest
