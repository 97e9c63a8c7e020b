#include "coordinator/admission/challenge.hpp"

#include "agent/common/trust/pki.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace kagent::attest {
namespace {

using std::chrono::milliseconds;

Error again() {
  return {Errc::unavailable, "the challenge is spent or too old: ask for another"};
}

}  // namespace

Challenges::Challenges() : key_(pki::random_hex(32)) {}

std::string Challenges::mac(std::string_view text) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes.data(), &size);
  return pki::sha256_hex({reinterpret_cast<const char*>(bytes.data()), size});
}

// MILLISECONDS.RANDOM.MAC
std::string Challenges::issue(Clock::time_point now) const {
  const auto at = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
  const std::string text = std::to_string(at) + "." + pki::random_hex(16);
  return text + "." + mac(text);
}

Result<> Challenges::spend(std::string_view nonce, Clock::time_point now) {
  spent_.erase(spent_.begin(), spent_.upper_bound(now));
  const auto dot = nonce.rfind('.');
  if (nonce.size() > 256 || dot == std::string_view::npos) return again();
  const std::string_view text = nonce.substr(0, dot);
  if (!pki::equal_secret(mac(text), nonce.substr(dot + 1))) return again();
  milliseconds::rep issued = 0;
  std::from_chars(text.data(), text.data() + text.size(), issued);
  const Clock::time_point expires = Clock::time_point(milliseconds(issued)) + lifetime;
  if (now >= expires) return again();
  const auto [first, last] = spent_.equal_range(expires);
  if (std::any_of(first, last, [&](const auto& each) { return each.second == nonce; }))
    return again();
  spent_.emplace(expires, nonce);
  return {};
}

}  // namespace kagent::attest
