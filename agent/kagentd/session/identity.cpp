#include "agent/kagentd/session/identity.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/trust/ca_succession.hpp"
#include "agent/common/trust/pki.hpp"

#include <random>

namespace kagent::kagentd {
namespace {

constexpr char key_file[] = "node.key";
constexpr char owner_file[] = "node.id";  // of the node that has made the key
constexpr char certificate_file[] = "node.crt";
constexpr char ca_file[] = "coordinator-ca.crt";
constexpr char cluster_file[] = "cluster-id";

void discard(const std::filesystem::path& file) {
  if (auto removed = remove_file(file); !removed)
    log::warning("{}: {}", file.string(), removed.error().message());
}

// The index of the CA that has issued the certificate.
Result<std::size_t> issuer_of(const pki::Certificate& certificate,
                              const std::vector<pki::Certificate>& cas,
                              std::chrono::system_clock::time_point now) {
  Error why(Errc::permission_denied, "its CA is not the one that user-data names");
  for (std::size_t i = 0; i < cas.size(); ++i) {
    auto holds = pki::verify(certificate, cas[i], pki::Use::client, now);
    if (holds) return i;
    why = holds.error();
  }
  return why;
}

Result<Identity> read(const std::filesystem::path& state, const std::string& node_id,
                      const std::string& ca_sha256, std::chrono::system_clock::time_point now) {
  auto certificate_pem = read_file(state / certificate_file);
  if (!certificate_pem) return certificate_pem.error();
  const auto bundle_pem = read_file(state / ca_file);
  if (!bundle_pem) return bundle_pem.error();
  auto cluster_id = read_file(state / cluster_file);
  if (!cluster_id) return cluster_id.error();
  const auto key_pem = read_file(state / key_file);
  if (!key_pem) return key_pem.error();
  const auto key = pki::key_from_pem(*key_pem);
  if (!key) return key.error();
  const auto certificate = pki::certificate_from_pem(*certificate_pem);
  if (!certificate) return certificate.error();
  const auto bundle = pki::certificates_from_pem(*bundle_pem);
  if (!bundle) return bundle.error();
  const auto cas = ca_succession(*bundle, ca_sha256, now);
  if (!cas) return cas.error();
  const auto issuer = issuer_of(*certificate, *cas, now);
  if (!issuer) return issuer.error();
  const auto ca_pem = pki::to_pem(cas->back());
  if (!ca_pem) return ca_pem.error();
  const auto subject = pki::subject_of(*certificate);
  if (!subject || subject->common_name != node_id)
    return Error(Errc::data_loss, "it is not for this node");
  const auto of_key = pki::spki_sha256(*key);
  const auto of_certificate = pki::spki_sha256(*certificate);
  if (!of_key || !of_certificate || *of_key != *of_certificate)
    return Error(Errc::data_loss, "it is not for this node's key");
  const auto validity = pki::validity_of(*certificate);
  if (!validity) return validity.error();
  return Identity{*certificate_pem,          *ca_pem,
                  *issuer + 1 < cas->size(), *cluster_id,
                  validity->not_before,      validity->not_after};
}

}  // namespace

Result<std::string> load_or_make_key(const std::filesystem::path& state,
                                     const std::string& node_id) {
  const auto owner = read_file(state / owner_file);
  if (!owner && owner.error().code() != Errc::not_found) return owner.error();
  if (!owner || *owner != node_id) {
    if (owner)
      log::warning("the key in {} is of node {}: this machine is a copy of it; making another",
                   state.string(), *owner);
    // The other node's files go first: with this node's id beside them they would count as its own.
    for (const char* file : {certificate_file, key_file})
      if (auto removed = remove_file(state / file); !removed) return removed.error();
    if (auto written = write_file_atomic(state / owner_file, node_id, 0600); !written)
      return written.error();
  }
  auto stored = read_file(state / key_file);
  if (stored && pki::key_from_pem(*stored)) return stored;
  if (!stored && stored.error().code() != Errc::not_found) return stored.error();
  if (stored) log::warning("the key of this node is damaged; making a new one");
  const auto key = pki::generate_key();
  if (!key) return key.error();
  auto pem = pki::key_to_pem(*key);
  if (!pem) return pem.error();
  if (auto written = write_file_atomic(state / key_file, *pem, 0600); !written)
    return written.error();
  return pem;
}

std::optional<Identity> load_identity(const std::filesystem::path& state,
                                      const std::string& node_id, const std::string& ca_sha256,
                                      std::chrono::system_clock::time_point now) {
  auto identity = read(state, node_id, ca_sha256, now);
  if (identity) return *identity;
  if (identity.error().code() != Errc::not_found)
    log::warning("the stored certificate is not used: {}", identity.error().message());
  return {};
}

Result<> save_bundle(const std::filesystem::path& state, std::string_view bundle_pem) {
  return write_file_atomic(state / ca_file, bundle_pem, 0644);
}

Result<> save_identity(const std::filesystem::path& state, std::string_view certificate_pem,
                       std::string_view bundle_pem, std::string_view cluster_id) {
  if (auto written = save_bundle(state, bundle_pem); !written) return written;
  if (auto written = write_file_atomic(state / cluster_file, cluster_id, 0644); !written)
    return written;
  return write_file_atomic(state / certificate_file, certificate_pem, 0644);
}

void forget_identity(const std::filesystem::path& state) {
  discard(state / certificate_file);
}

std::chrono::system_clock::time_point renew_at(const Identity& identity, std::uint64_t seed) {
  const auto life = identity.not_after - identity.not_before;
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> share(0.5, 0.6);
  return identity.not_before +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(life * share(random));
}

}  // namespace kagent::kagentd
