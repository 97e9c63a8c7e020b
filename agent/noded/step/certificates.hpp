#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/trust/pki.hpp"
#include "agent/noded/step/context.hpp"

#include <string>
#include <string_view>
#include <vector>

// The certificates that Kubernetes has on this node; of what lies beside them nothing is read.
namespace kagent::noded {

struct HeldCertificate {
  std::string file;  // that it is in
  std::string subject;
  std::string use;
  pki::Validity validity;
};

// kubeadm's in /etc/kubernetes (pki and the kubeconfigs) and kubelet's own, by file. What cannot be
// read is left out.
std::vector<HeldCertificate> held_certificates(const Context& context);

struct ClientCertificate {
  std::string file;  // the kubeconfig, or the file that it names
  std::string pem;
};
// The one of a kubeconfig's first user. Errors: not_found, protocol (it names none).
Result<ClientCertificate> client_certificate_of(const Context& context, std::string_view path);

}  // namespace kagent::noded
