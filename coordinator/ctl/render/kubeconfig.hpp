#pragma once

#include "agent/common/trust/pem_certificates.hpp"
#include "agent/common/values/values.hpp"

#include <string>

namespace kagent::ctl::render {

// What a kubeconfig is made of. The API server and the certificates come from a control plane,
// which may have been taken over: they are checked values.
struct Kubeconfig {
  std::string cluster;  // empty: "kubernetes"
  values::HostPort api_server;
  pki::PemCertificates ca;
  std::string user;
  pki::PemCertificates certificate;
  std::string key_pem;  // secret
};

// A complete file with everything embedded; secret.
std::string kubeconfig(const Kubeconfig& parts);

}  // namespace kagent::ctl::render
