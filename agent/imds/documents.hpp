#pragma once

#include "agent/imds/fetch.hpp"

#include <array>

namespace kagent::imds {

// The names are those of agent/common/base/paths.hpp. Of the signatures only rsa2048 is strong
// enough: `signature` is RSA-1024, `pkcs7` is SHA-1 with DSA.
inline constexpr std::string_view user_data = "user-data";
inline constexpr std::array<Document, 9> documents{{
    {"meta-data/instance-id", "instance-id"},
    {"meta-data/local-hostname", "local-hostname"},
    {"meta-data/instance-type", "instance-type"},
    {"meta-data/placement/availability-zone", "availability-zone"},
    {"meta-data/mac", "mac"},
    {"meta-data/network/interfaces/macs/{mac}/vpc-ipv4-cidr-blocks", "vpc-cidrs"},
    {"dynamic/instance-identity/document", "identity-document"},
    {"dynamic/instance-identity/rsa2048", "identity-rsa2048"},
    {"user-data", user_data},
}};

}  // namespace kagent::imds
