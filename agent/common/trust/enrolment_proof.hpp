#pragma once

#include <string>
#include <string_view>

namespace kagent {

// What a node signs with its key when it enrols with EC2's word for it. `ca_sha256` is the
// coordinator's CA as user-data names it, so that what is signed for one cluster says nothing to
// another; `nonce` is of that coordinator's Challenge, `identity` the signed document as IMDS gave
// it.
std::string enrolment_statement(std::string_view ca_sha256, std::string_view nonce,
                                std::string_view node_id, std::string_view identity);

}  // namespace kagent
