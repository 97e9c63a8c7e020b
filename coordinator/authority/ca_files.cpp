#include "coordinator/authority/ca_files.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/trust/ca_succession.hpp"
#include "coordinator/authority/state_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace kagent::coordinator {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours longest_vouching{24 * 365 * 10};

Result<std::string> to_pem(const std::vector<pki::Certificate>& certificates) {
  std::string all;
  for (const auto& certificate : certificates) {
    auto pem = pki::to_pem(certificate);
    if (!pem) return pem;
    all += *pem;
  }
  return all;
}

Result<std::string> hash_of(const std::string& pem) {
  const auto certificate = pki::certificate_from_pem(pem);
  if (!certificate) return certificate.error();
  return pki::spki_sha256(*certificate);
}

// Called before ca.crt is overwritten; an interrupted start may have done this already.
Result<> keep_hash(const fs::path& folder, const std::string& next_pem) {
  const auto now = read_file(folder / "ca.crt");
  if (!now) return now.error();
  if (*now == next_pem) return {};
  const auto hash = hash_of(*now);
  if (!hash) return hash.error().context((folder / "ca.crt").string());
  return write_file_atomic(folder / "ca-replaced", *hash, secret_mode);
}

// Each file is replaced atomically, and ca-next.pem is removed last.
Result<> put_in_force(const fs::path& folder) {
  const fs::path next = folder / "ca-next.pem";
  const auto text = read_file(next);
  if (!text) return text.error().code() == Errc::not_found ? Result<>() : Result<>(text.error());
  const auto key = pki::key_from_pem(*text);
  auto certificates = pki::certificates_from_pem(*text);
  if (!key) return key.error().context(next.string());
  if (!certificates) return certificates.error().context(next.string());
  if (certificates->empty()) return Error(Errc::data_loss, next.string() + ": no certificate");
  const auto key_pem = pki::key_to_pem(*key);
  const auto ca_pem = pki::to_pem(certificates->front());
  certificates->erase(certificates->begin());
  const auto before_pem = to_pem(*certificates);
  if (!key_pem) return key_pem.error();
  if (!ca_pem) return ca_pem.error();
  if (!before_pem) return before_pem.error();
  if (auto kept = keep_hash(folder, *ca_pem); !kept) return kept;
  for (const auto& [name, content] :
       {std::pair{"ca-before.pem", *before_pem}, {"ca.key", *key_pem}, {"ca.crt", *ca_pem}})
    if (auto written = write_file_atomic(folder / name, content, secret_mode); !written)
      return written;
  log::warning("a new CA is in force; `kagentctl certs` says how long the previous one is trusted");
  return remove_file(next);
}

Result<Ca> read_ca(const fs::path& folder, const std::string& ca_pem) {
  Ca ca;
  auto key = read_or_make_key(folder / "ca.key");
  if (!key) return key.error();
  ca.key = *key;
  auto certificate = pki::certificate_from_pem(ca_pem);
  if (!certificate) return certificate.error().context((folder / "ca.crt").string());
  ca.certificate = *certificate;
  const auto of_certificate = pki::spki_sha256(ca.certificate);
  const auto of_key = pki::spki_sha256(ca.key);
  if (!of_certificate) return of_certificate.error();
  if (!of_key) return of_key.error();
  if (*of_certificate != *of_key)
    return Error(Errc::data_loss,
                 "ca.crt and ca.key in " + folder.string() + " do not belong together");
  const fs::path before = folder / "ca-before.pem";
  const auto before_pem = read_file(before);
  if (!before_pem && before_pem.error().code() != Errc::not_found) return before_pem.error();
  if (before_pem && !before_pem->empty()) {
    auto certificates = pki::certificates_from_pem(*before_pem);
    if (!certificates) return certificates.error().context(before.string());
    ca.before = std::move(*certificates);
  }
  auto replaced = read_file(folder / "ca-replaced");
  if (!replaced && replaced.error().code() != Errc::not_found) return replaced.error();
  if (replaced) ca.replaced = std::move(*replaced);
  return ca;
}

// Gives a file that root has written to the folder's owner, who must read it.
Result<> give_to_owner_of(const fs::path& folder, const fs::path& file) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return errno_error(errno, folder.string());
  if (::chown(file.c_str(), status.st_uid, status.st_gid) != 0)
    return errno_error(errno, file.string());
  return {};
}

}  // namespace

Result<Ca> open_ca(const fs::path& folder, std::string_view cluster_id) {
  if (auto done = put_in_force(folder); !done) return done.error();
  const auto ca_pem = read_or_make(folder / "ca.crt", [&]() -> Result<std::string> {
    auto key = read_or_make_key(folder / "ca.key");
    if (!key) return key.error();
    auto certificate = pki::make_ca(*key, cluster_id);
    if (!certificate) return certificate.error();
    return pki::to_pem(*certificate);
  });
  if (!ca_pem) return ca_pem.error();
  return read_ca(folder, *ca_pem);
}

Result<std::vector<std::string>> cas_in(const fs::path& folder) {
  std::vector<std::string> hashes;
  for (const char* name : {"ca.crt", "ca-next.pem"}) {
    const auto pem = read_file(folder / name);
    if (!pem && pem.error().code() == Errc::not_found && !hashes.empty()) continue;
    if (!pem) return pem.error();
    auto hash = hash_of(*pem);
    if (!hash) return hash.error().context((folder / name).string());
    hashes.push_back(std::move(*hash));
  }
  if (auto replaced = read_file(folder / "ca-replaced")) hashes.push_back(std::move(*replaced));
  return hashes;
}

Result<> replace_ca(const fs::path& folder, std::chrono::hours vouch_for) {
  if (vouch_for < std::chrono::hours(0) || vouch_for > longest_vouching)
    return Error(Errc::invalid_argument, "a CA is vouched for from 0 days to ten years");
  const auto ca_pem = read_file(folder / "ca.crt");
  const auto cluster_id = read_file(folder / "cluster-id");
  if (!ca_pem || !cluster_id)
    return Error(Errc::not_found, folder.string() +
                                      ": there is no CA here yet, or it may not be read: start "
                                      "kagent-coordinator first, and run this as root");
  const auto old = read_ca(folder, *ca_pem);
  if (!old) return old.error();
  const auto key = pki::generate_key();
  if (!key) return key.error();
  const auto ca = pki::make_ca(*key, cluster_id->substr(0, cluster_id->find('\n')));
  if (!ca) return ca.error();
  std::vector<pki::Certificate> all{*ca};
  if (vouch_for.count() > 0) {
    auto voucher = vouch_for_successor(old->certificate, old->key, *key, vouch_for);
    if (!voucher) return voucher.error();
    all.push_back(std::move(*voucher));
    all.push_back(old->certificate);
    all.insert(all.end(), old->before.begin(), old->before.end());
  }
  const auto key_pem = pki::key_to_pem(*key);
  const auto pem = to_pem(all);
  if (!key_pem) return key_pem.error();
  if (!pem) return pem.error();
  const fs::path next = folder / "ca-next.pem";
  if (auto written = write_file_atomic(next, *key_pem + *pem, secret_mode); !written)
    return written;
  return give_to_owner_of(folder, next);
}

}  // namespace kagent::coordinator
