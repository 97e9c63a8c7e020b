#include "coordinator/ctl/render/kubeconfig.hpp"

#include "agent/common/config/documents.hpp"
#include "agent/common/config/unpack.hpp"

#include <nlohmann/json.hpp>

namespace kagent::ctl::render {

std::string kubeconfig(const Kubeconfig& parts) {
  using nlohmann::json;
  const std::string cluster_name = parts.cluster.empty() ? "kubernetes" : parts.cluster;
  const std::string context_name = parts.user + "@" + cluster_name;
  json cluster{{"name", cluster_name}};
  cluster["cluster"]["server"] = "https://" + parts.api_server.str();
  cluster["cluster"]["certificate-authority-data"] = config::encode_base64(parts.ca.str());
  json user{{"name", parts.user}};
  user["user"]["client-certificate-data"] = config::encode_base64(parts.certificate.str());
  user["user"]["client-key-data"] = config::encode_base64(parts.key_pem);
  json context{{"name", context_name}};
  context["context"] = {{"cluster", cluster_name}, {"user", parts.user}};
  json file{{"apiVersion", "v1"}, {"kind", "Config"}, {"current-context", context_name}};
  file["clusters"] = json::array({std::move(cluster)});
  file["users"] = json::array({std::move(user)});
  file["contexts"] = json::array({std::move(context)});
  return config::to_yaml({file});
}

}  // namespace kagent::ctl::render
