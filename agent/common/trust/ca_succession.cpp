#include "agent/common/trust/ca_succession.hpp"

namespace kagent {
namespace {

constexpr std::size_t most_certificates = 32;

struct Known {
  pki::Certificate certificate;
  std::string sha256;
  bool vouches = false;
};

Result<std::vector<Known>> known(std::span<const pki::Certificate> certificates) {
  std::vector<Known> all;
  for (const auto& certificate : certificates) {
    auto sha256 = pki::spki_sha256(certificate);
    if (!sha256) return sha256.error();
    const auto subject = pki::subject_of(certificate);
    const bool vouches = subject && subject->organization == successor_organization;
    all.push_back({certificate, std::move(*sha256), vouches});
  }
  return all;
}

const Known* ca_of(const std::vector<Known>& all, std::string_view sha256) {
  for (const Known& one : all)
    if (!one.vouches && pki::equal_secret(one.sha256, sha256)) return &one;
  return nullptr;
}

// The successor that `ca` vouches for, if it is among the certificates.
const Known* successor_of(const std::vector<Known>& all, const Known& ca,
                          std::chrono::system_clock::time_point now) {
  for (const Known& voucher : all) {
    if (!voucher.vouches || voucher.sha256 == ca.sha256) continue;
    if (!pki::verify(voucher.certificate, ca.certificate, pki::Use::envelope_signing, now))
      continue;
    if (const Known* next = ca_of(all, voucher.sha256)) return next;
  }
  return nullptr;
}

}  // namespace

Result<pki::Certificate> vouch_for_successor(const pki::Certificate& old_ca,
                                             const pki::Key& old_key, const pki::Key& successor,
                                             std::chrono::seconds lifetime) {
  const pki::IssueRequest request{
      {std::string(successor_organization), "successor"}, pki::Use::envelope_signing, lifetime, {}};
  return pki::issue(request, successor, old_ca, old_key);
}

Result<std::vector<pki::Certificate>> ca_succession(std::span<const pki::Certificate> certificates,
                                                    std::string_view ca_sha256,
                                                    std::chrono::system_clock::time_point now) {
  if (certificates.size() > most_certificates)
    return Error(Errc::resource_exhausted, "a chain of more than 32 certificates");
  const auto all = known(certificates);
  if (!all) return all.error();
  const Known* ca = ca_of(*all, ca_sha256);
  if (ca == nullptr)
    return Error(Errc::permission_denied,
                 "this is another coordinator, or the user-data is wrong: its CA has sha256:" +
                     (all->empty() ? std::string("-") : all->back().sha256) +
                     ", user-data names sha256:" + std::string(ca_sha256));
  std::vector<pki::Certificate> line;
  // Each CA is in the chain once, so a circle of vouchers ends.
  while (ca != nullptr && line.size() < all->size()) {
    line.push_back(ca->certificate);
    ca = successor_of(*all, *ca, now);
  }
  return line;
}

}  // namespace kagent
