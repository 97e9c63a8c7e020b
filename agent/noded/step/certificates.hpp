#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/trust/pki.hpp"
#include "agent/noded/step/context.hpp"

#include <string>
#include <string_view>
#include <vector>

// Certificates of Kubernetes on this node. Reads no private keys.
namespace kagent::noded {

struct HeldCertificate {
  std::string file;  // the file that contains it
  std::string subject;
  std::string use;
  pki::Validity validity;
};

// Certificates of kubeadm in /etc/kubernetes (pki and the kubeconfigs) and of kubelet, sorted by
// file. Files that cannot be read are left out.
std::vector<HeldCertificate> held_certificates(const Context& context);

struct ClientCertificate {
  std::string file;  // the kubeconfig, or the file that the kubeconfig names
  std::string pem;
};
// The certificate of the first user in a kubeconfig. Errors: not_found, protocol (it names none).
Result<ClientCertificate> client_certificate_of(const Context& context, std::string_view path);

}  // namespace kagent::noded
