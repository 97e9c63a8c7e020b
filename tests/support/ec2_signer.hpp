#pragma once

#include "agent/common/trust/pki.hpp"

#include <filesystem>
#include <string>

namespace kagent {

// Signs instance identity documents as AWS does, with a certificate of its own.
class Ec2Signer {
 public:
  enum class Kind { rsa2048, rsa1024, dsa };
  explicit Ec2Signer(Kind kind = Kind::rsa2048, long serial = 7);

  struct Options {
    bool carry_certificate = true;
    bool sha1 = false;
    bool detached = false;
  };
  // As IMDS gives it: base64, no PEM lines around it.
  [[nodiscard]] std::string sign(const std::string& document, Options options) const;
  [[nodiscard]] std::string sign(const std::string& document) const { return sign(document, {}); }
  // The signed message with that text of the document in the place of another, as long.
  static std::string forge(const std::string& signed_text, const std::string& from,
                           const std::string& to);
  // FOLDER/REGION.pem.
  void publish(const std::filesystem::path& folder, const std::string& region) const;
  [[nodiscard]] std::string pem() const;

  // A whole document, launched now.
  static std::string document(const std::string& instance_id, const std::string& region,
                              const std::string& private_ip = "127.0.0.1");

 private:
  pki::Key key_;
  pki::Certificate certificate_;
};

}  // namespace kagent
