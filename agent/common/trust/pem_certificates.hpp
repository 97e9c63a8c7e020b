#pragma once

#include "agent/common/base/error.hpp"

#include <ostream>
#include <string>
#include <string_view>

namespace kagent::pki {

// Certificates of a peer as PEM that OpenSSL has written anew: of what the peer sent, nothing but
// the certificates themselves is left, so the text can stand in any file.
class PemCertificates {
 public:
  static constexpr std::size_t most_bytes = 64 << 10;  // of the text that is parsed
  static constexpr std::size_t most = 16;

  // One certificate or several. Errors: invalid_argument.
  static Result<PemCertificates> parse(std::string_view pem);

  [[nodiscard]] const std::string& str() const { return pem_; }

  bool operator==(const PemCertificates&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const PemCertificates& certificates) {
    return out << certificates.pem_;
  }

 private:
  explicit PemCertificates(std::string pem) : pem_(std::move(pem)) {}

  std::string pem_;
};

}  // namespace kagent::pki
