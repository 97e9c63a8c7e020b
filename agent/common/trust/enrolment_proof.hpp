#pragma once

#include <string>
#include <string_view>

namespace kagent {

// The bytes that a node signs with its key when it enrols with its EC2 instance identity.
// `ca_sha256` is the hash of the coordinator's CA in user-data, so that a signature for one cluster
// is invalid in another. `nonce` comes from that coordinator's Challenge; `identity` is the signed
// document from IMDS.
std::string enrolment_statement(std::string_view ca_sha256, std::string_view nonce,
                                std::string_view node_id, std::string_view identity);

}  // namespace kagent
