#include "agent/noded/step/certificates.hpp"
#include "agent/common/config/unpack.hpp"
#include "tests/support/result.hpp"
#include "tests/unit/noded/fake_units.hpp"

using namespace kagent;
using namespace kagent::noded;
using namespace std::chrono_literals;

namespace {

struct Issuer {
  pki::Key key = pki::generate_key().value();
  pki::Certificate ca = pki::make_ca(key, "test").value();

  [[nodiscard]] std::string issue(const std::string& name, pki::Use use,
                                  bool with_key = false) const {
    const auto own = pki::generate_key().value();
    pki::IssueRequest request;
    request.subject = {"o", name};
    request.use = use;
    request.lifetime = 24h;
    const auto certificate = pki::issue(request, own, ca, key).value();
    return pki::to_pem(certificate).value() + (with_key ? pki::key_to_pem(own).value() : "");
  }
};

}  // namespace

TEST_CASE("Certificates of kubeadm, its kubeconfigs and kubelet are found, with their use") {
  const Machine machine;
  const Issuer issuer;
  machine.write("/etc/kubernetes/pki/ca.crt", pki::to_pem(issuer.ca).value());
  machine.write("/etc/kubernetes/pki/ca.key", pki::key_to_pem(issuer.key).value());
  machine.write("/etc/kubernetes/pki/apiserver.crt",
                issuer.issue("kube-apiserver", pki::Use::server));
  machine.write("/etc/kubernetes/pki/etcd/server.crt", issuer.issue("cp", pki::Use::server));
  machine.write("/etc/kubernetes/pki/torn.crt", "-----BEGIN CERTIFICATE-----\nMII");
  machine.write("/etc/kubernetes/admin.conf",
                "users:\n- user:\n    client-certificate-data: " +
                    config::encode_base64(issuer.issue("kubernetes-admin", pki::Use::client)) +
                    "\n");
  machine.write("/etc/kubernetes/bootstrap-kubelet.conf", "users:\n- user: {token: abc}\n");
  machine.write("/var/lib/kubelet/pki/kubelet-client-current.pem",
                issuer.issue("system:node:cp", pki::Use::client, true));
  machine.write("/etc/kubernetes/kubelet.conf",
                "users:\n- user:\n    client-certificate: "
                "/var/lib/kubelet/pki/kubelet-client-current.pem\n");
  std::vector<std::string> lines;
  for (const HeldCertificate& held : held_certificates(*machine.context)) {
    lines.push_back(held.file + ": " + held.subject + ", " + held.use);
    CHECK(held.validity.not_after > std::chrono::system_clock::now());
  }
  CHECK(lines == std::vector<std::string>{
                     "/etc/kubernetes/admin.conf: kubernetes-admin, client",
                     "/etc/kubernetes/pki/apiserver.crt: kube-apiserver, server",
                     "/etc/kubernetes/pki/ca.crt: kagent CA test, CA",
                     "/etc/kubernetes/pki/etcd/server.crt: cp, server",
                     "/var/lib/kubelet/pki/kubelet-client-current.pem: system:node:cp, client"});
}
