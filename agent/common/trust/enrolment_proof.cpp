#include "agent/common/trust/enrolment_proof.hpp"

#include "agent/common/trust/pki.hpp"

namespace kagent {

std::string enrolment_statement(std::string_view ca_sha256, std::string_view nonce,
                                std::string_view node_id, std::string_view identity) {
  // Each part is hashed by itself, so that no part can run into the next.
  std::string text = "kagent enrolment, format 1";
  for (const std::string_view part : {ca_sha256, nonce, node_id, identity})
    text += "\n" + pki::sha256_hex(part);
  return text;
}

}  // namespace kagent
