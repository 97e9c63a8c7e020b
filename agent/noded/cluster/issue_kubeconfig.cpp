#include "agent/noded/cluster/issue_kubeconfig.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/trust/pki.hpp"
#include "agent/noded/step/admin_conf.hpp"

#include <algorithm>

namespace kagent::noded {
namespace {

using namespace std::chrono_literals;

constexpr char ca_path[] = "etc/kubernetes/pki/ca.crt";
constexpr char ca_key_path[] = "etc/kubernetes/pki/ca.key";
constexpr char administrators[] = "system:masters";
constexpr std::chrono::seconds longest_lifetime = 24h * 7;

// A certificate's notBefore is five minutes in the past.
Result<pki::Certificate> sign(const v1::KubeconfigOrder& order, const std::string& ca_pem,
                              const std::string& key_pem) {
  const auto csr = pki::parse_csr(order.csr());
  if (!csr) return Error(Errc::invalid_argument, "the CSR: " + csr.error().message());
  const auto ca = pki::certificate_from_pem(ca_pem);
  if (!ca) return ca.error().context(ca_path);
  const auto key = pki::key_from_pem(key_pem);
  if (!key) return key.error().context(ca_key_path);
  pki::IssueRequest request;
  request.subject = {administrators, order.user()};
  request.lifetime = std::min(std::chrono::seconds(order.lifetime_seconds()), longest_lifetime);
  return pki::issue(request, csr->public_key, *ca, *key);
}

}  // namespace

Result<IssuedKubeconfig> issue_kubeconfig(const v1::KubeconfigOrder& order,
                                          const std::filesystem::path& root) {
  if (order.user().empty() || order.lifetime_seconds() == 0)
    return Error(Errc::invalid_argument, "the order names no user or no lifetime");
  const auto server = api_server_of(root);
  const auto ca_pem = read_file(root / ca_path);
  const auto key_pem = read_file(root / ca_key_path);
  if (!server || !ca_pem || !key_pem) {
    const Error& error = !server ? server.error() : !ca_pem ? ca_pem.error() : key_pem.error();
    return Error(Errc::failed_precondition,
                 "this node cannot sign for the cluster: " + error.message());
  }
  const auto certificate = sign(order, *ca_pem, *key_pem);
  if (!certificate) return certificate.error();
  auto pem = pki::to_pem(*certificate);
  if (!pem) return pem.error();
  IssuedKubeconfig issued;
  issued.api_server = *server;
  issued.ca_pem = *ca_pem;
  issued.certificate_pem = std::move(*pem);
  return issued;
}

}  // namespace kagent::noded
