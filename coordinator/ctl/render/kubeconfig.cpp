#include "coordinator/ctl/render/kubeconfig.hpp"

#include "agent/common/config/unpack.hpp"

#include <fmt/format.h>

namespace kagent::ctl::render {

std::string kubeconfig(const v1::GetKubeconfigResponse& issued, const std::string& key_pem) {
  const std::string cluster =
      issued.cluster_name().empty() ? std::string("kubernetes") : issued.cluster_name();
  const std::string context = issued.user() + "@" + cluster;
  return fmt::format(
      "apiVersion: v1\n"
      "kind: Config\n"
      "clusters:\n"
      "- name: \"{0}\"\n"
      "  cluster:\n"
      "    server: \"{1}\"\n"
      "    certificate-authority-data: {2}\n"
      "users:\n"
      "- name: \"{3}\"\n"
      "  user:\n"
      "    client-certificate-data: {4}\n"
      "    client-key-data: {5}\n"
      "contexts:\n"
      "- name: \"{6}\"\n"
      "  context:\n"
      "    cluster: \"{0}\"\n"
      "    user: \"{3}\"\n"
      "current-context: \"{6}\"\n",
      cluster, issued.api_server(), config::encode_base64(issued.ca_certificates()), issued.user(),
      config::encode_base64(issued.certificate()), config::encode_base64(key_pem), context);
}

}  // namespace kagent::ctl::render
