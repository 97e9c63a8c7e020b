#include "agent/noded/kubelet/kubelet_identity.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/trust/pki.hpp"
#include "agent/noded/step/certificates.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace kagent::noded {

Result<KubeletIdentity> kubelet_identity(const Context& context) {
  const auto held = client_certificate_of(context, kubelet_conf);
  if (!held) return held.error();
  const auto certificate = pki::certificate_from_pem(held->pem);
  if (!certificate) return certificate.error().context("kubelet's client certificate");
  const auto subject = pki::subject_of(*certificate);
  if (!subject) return subject.error();
  const auto validity = pki::validity_of(*certificate);
  if (!validity) return validity.error();
  const auto ca_pem = read_file(context.at(cluster_ca));
  if (!ca_pem) return ca_pem.error();
  const auto authorities = pki::certificates_from_pem(*ca_pem);
  if (!authorities) return authorities.error().context(cluster_ca);
  KubeletIdentity identity;
  identity.common_name = subject->common_name;
  identity.not_after = validity->not_after;
  for (const auto& ca : *authorities)
    if (pki::verify(*certificate, ca, pki::Use::client,
                    validity->not_after - std::chrono::seconds(1)))
      identity.of_this_cluster = true;
  return identity;
}

std::optional<Failure> identity_problem(std::string_view step, const KubeletIdentity& identity,
                                        const std::string& node_name,
                                        std::chrono::system_clock::time_point now) {
  constexpr char reset[] = "`kagentctl reset NODE` makes it join anew.";
  if (!identity.of_this_cluster)
    return Failure(CauseId(step, "other-cluster"),
                   fmt::format("kubelet's certificate is not of the cluster of {}", cluster_ca),
                   reset);
  const std::string wanted = "system:node:" + node_name;
  if (identity.common_name != wanted)
    return Failure(CauseId(step, "other-name"),
                   fmt::format("kubelet's certificate is for {}, but this node is now called {}",
                               identity.common_name, node_name),
                   std::string("Give the node its name back; or ") + reset);
  if (identity.not_after <= now)
    return Failure(CauseId(step, "certificate-expired"),
                   fmt::format("kubelet's certificate expired at {:%Y-%m-%dT%H:%M:%SZ}",
                               fmt::gmtime(identity.not_after)),
                   std::string("kubelet renews it by itself while it runs; now ") + reset);
  return {};
}

}  // namespace kagent::noded
