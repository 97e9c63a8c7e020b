#include "agent/noded/kubeadm/documents.hpp"

#include "agent/common/config/documents.hpp"
#include "agent/common/config/unpack.hpp"
#include "agent/noded/step/programs.hpp"

#include <fmt/format.h>
#include <strings.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <map>

namespace kagent::noded::kubeadm {
namespace {

using nlohmann::json;

// v1beta4 has a list of names and values where v1beta3 has a map.
json extra_args(const std::map<std::string, std::string>& args, std::string_view api) {
  if (api == "v1beta3") return args;
  json list = json::array();
  for (const auto& [name, value] : args) list.push_back({{"name", name}, {"value", value}});
  return list;
}

Result<std::string> api_of(const Version& version) {
  if (version.major != 1 || version.minor < 22)
    return Error(Errc::failed_precondition,
                 fmt::format("kubeadm {} is too old: kagent needs 1.22 or later", version.text));
  return std::string(version.minor >= 31 ? "v1beta4" : "v1beta3");
}

json document(std::string_view api, const char* kind) {
  return {{"apiVersion", fmt::format("kubeadm.k8s.io/{}", api)}, {"kind", kind}};
}

// "key=value:Effect", "key:Effect"
json taint(const std::string& text) {
  const auto colon = text.rfind(':');
  const std::string left = text.substr(0, colon);
  const auto equals = left.find('=');
  json result{{"key", left.substr(0, equals)}, {"effect", text.substr(colon + 1)}};
  if (equals != std::string::npos) result["value"] = left.substr(equals + 1);
  return result;
}

// kubeadm's default taint of a control plane, which kubeadm adds only if no taint is given.
std::vector<std::string> control_plane_taints(const Version& kubeadm) {
  std::vector<std::string> taints;
  if (kubeadm.minor < 25) taints.emplace_back("node-role.kubernetes.io/master:NoSchedule");
  if (kubeadm.minor >= 24) taints.emplace_back("node-role.kubernetes.io/control-plane:NoSchedule");
  return taints;
}

json taints_of(const NodeRegistration& from, const Version& kubeadm, bool control_plane) {
  json taints = json::array();
  for (const auto& text : from.node->taints()) taints.push_back(taint(text));
  if (!control_plane) return taints;
  for (const auto& text : control_plane_taints(kubeadm))
    if (std::ranges::find(taints, taint(text)) == taints.end()) taints.push_back(taint(text));
  return taints;
}

json registration_of(const v1::ClusterConfig& cluster, const NodeRegistration& from,
                     const Version& kubeadm, std::string_view api, bool control_plane) {
  std::map<std::string, std::string> args;
  for (const auto& [name, value] : cluster.kubelet_extra_args()) args[name] = value;
  for (const auto& [name, value] : from.node->kubelet_extra_args()) args[name] = value;
  if (!from.address.empty()) args["node-ip"] = from.address;
  if (!from.node->labels().empty()) {
    const std::map<std::string, std::string> sorted(from.node->labels().begin(),
                                                    from.node->labels().end());
    std::string labels = args.contains("node-labels") ? args["node-labels"] + "," : "";
    for (const auto& [key, value] : sorted) labels += key + "=" + value + ",";
    labels.pop_back();
    args["node-labels"] = labels;
  }
  json registration{{"name", from.name}, {"criSocket", from.cri_socket}};
  if (!args.empty()) registration["kubeletExtraArgs"] = extra_args(args, api);
  if (!from.node->taints().empty())
    registration["taints"] = taints_of(from, kubeadm, control_plane);
  if (!cluster.ignore_preflight_errors().empty() && !ignores_all(cluster))
    registration["ignorePreflightErrors"] = std::vector<std::string>(
        cluster.ignore_preflight_errors().begin(), cluster.ignore_preflight_errors().end());
  return registration;
}

json cluster_configuration(const v1::ClusterConfig& cluster, const Version& kubeadm,
                           std::string_view api) {
  json doc = document(api, "ClusterConfiguration");
  doc["clusterName"] = cluster.cluster_name();
  doc["kubernetesVersion"] =
      cluster.kubernetes_version().empty() ? kubeadm.text : cluster.kubernetes_version();
  doc["networking"] = {{"podSubnet", cluster.pod_cidr()},
                       {"serviceSubnet", cluster.service_cidr()},
                       {"dnsDomain", cluster.dns_domain()}};
  if (cluster.local_balancer_port() != 0)
    doc["controlPlaneEndpoint"] = fmt::format("127.0.0.1:{}", cluster.local_balancer_port());
  else if (!cluster.control_plane_endpoint().empty())
    doc["controlPlaneEndpoint"] = cluster.control_plane_endpoint();
  if (!cluster.images().repository().empty())
    doc["imageRepository"] = cluster.images().repository();
  if (!cluster.cert_sans().empty())
    doc["apiServer"]["certSANs"] =
        std::vector<std::string>(cluster.cert_sans().begin(), cluster.cert_sans().end());
  return doc;
}

Result<std::string> finish(std::vector<json> documents, const v1::ClusterConfig& cluster,
                           const std::vector<std::string_view>& also) {
  auto raw = config::parse_documents(cluster.kubeadm().documents());
  if (!raw) return raw.error().context("ClusterConfig, kubeadm.documents");
  config::merge_by_kind(documents, *raw, also);
  return config::to_yaml(documents);
}

}  // namespace

std::optional<Version> parse_version(std::string_view output) {
  std::optional<Version> found;
  for (const std::string& line : lines_of(output)) {
    Version version;
    if (line.size() < 4 || line.front() != 'v') continue;
    const char* const end = line.data() + line.size();
    const auto major = std::from_chars(line.data() + 1, end, version.major);
    if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') continue;
    const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
    if (minor.ec != std::errc{}) continue;
    version.text = line.substr(0, line.find_first_of(" \t\r"));
    found = std::move(version);
  }
  return found;
}

Result<std::string> init_documents(const v1::ClusterConfig& cluster, const NodeRegistration& node,
                                   const Version& kubeadm, const InitSecrets& secrets) {
  const auto api = api_of(kubeadm);
  if (!api) return api.error();
  json init = document(*api, "InitConfiguration");
  init["nodeRegistration"] = registration_of(cluster, node, kubeadm, *api, true);
  if (!node.address.empty()) init["localAPIEndpoint"] = {{"advertiseAddress", node.address}};
  // Without this token, kubeadm would create one that is valid for a day and for every node.
  json token{{"token", secrets.bootstrap_token}, {"ttl", "1m0s"}};
  token["usages"] = json::array({"authentication"});
  token["description"] = "made by kagent for kubeadm init, which needs a token; nobody uses it";
  init["bootstrapTokens"] = json::array({std::move(token)});
  if (!secrets.certificate_key.empty()) init["certificateKey"] = secrets.certificate_key;
  if (!node.patches.empty()) init["patches"]["directory"] = node.patches;
  if (!cluster.kubeadm().skip_phases().empty())
    init["skipPhases"] = std::vector<std::string>(cluster.kubeadm().skip_phases().begin(),
                                                  cluster.kubeadm().skip_phases().end());
  const json kubelet{{"apiVersion", "kubelet.config.k8s.io/v1beta1"},
                     {"kind", "KubeletConfiguration"},
                     {"cgroupDriver", "systemd"}};
  return finish({init, cluster_configuration(cluster, kubeadm, *api), kubelet}, cluster,
                {"KubeProxyConfiguration"});
}

Result<std::string> join_documents(const v1::ClusterConfig& cluster, const NodeRegistration& node,
                                   const Version& kubeadm, const JoinSecrets& secrets) {
  const auto api = api_of(kubeadm);
  if (!api) return api.error();
  json join = document(*api, "JoinConfiguration");
  join["nodeRegistration"] = registration_of(cluster, node, kubeadm, *api, secrets.control_plane);
  join["discovery"] = {{"file", {{"kubeConfigPath", secrets.discovery_file}}},
                       {"tlsBootstrapToken", secrets.bootstrap_token}};
  if (!node.patches.empty()) join["patches"]["directory"] = node.patches;
  if (secrets.control_plane) {
    join["controlPlane"] = json::object();
    if (!secrets.certificate_key.empty())
      join["controlPlane"]["certificateKey"] = secrets.certificate_key;
    if (!node.address.empty())
      join["controlPlane"]["localAPIEndpoint"] = {{"advertiseAddress", node.address}};
  }
  return finish({join}, cluster, {});
}

Result<std::string> images_documents(const v1::ClusterConfig& cluster, const NodeRegistration& node,
                                     const Version& kubeadm) {
  const auto api = api_of(kubeadm);
  if (!api) return api.error();
  json init = document(*api, "InitConfiguration");
  init["nodeRegistration"] = {{"name", node.name}, {"criSocket", node.cri_socket}};
  return finish({init, cluster_configuration(cluster, kubeadm, *api)}, cluster, {});
}

bool ignores_all(const v1::ClusterConfig& cluster) {
  return std::ranges::any_of(cluster.ignore_preflight_errors(), [](const std::string& name) {
    return ::strcasecmp(name.c_str(), "all") == 0;
  });
}

std::string discovery_kubeconfig(std::string_view api_server, std::string_view ca_pem) {
  json cluster;
  cluster["name"] = "";  // the name that kubeadm uses without a context
  cluster["cluster"]["server"] = fmt::format("https://{}", api_server);
  cluster["cluster"]["certificate-authority-data"] = config::encode_base64(ca_pem);
  json config{{"apiVersion", "v1"}, {"kind", "Config"}, {"current-context", ""}};
  config["clusters"] = json::array({std::move(cluster)});
  config["contexts"] = json::array();
  config["users"] = json::array();
  config["preferences"] = json::object();
  return config::to_yaml({config});
}

std::string anonymous_kubeconfig(std::string_view api_server, std::string_view ca_pem) {
  json cluster{{"name", "kubernetes"}};
  cluster["cluster"]["server"] = fmt::format("https://{}", api_server);
  cluster["cluster"]["certificate-authority-data"] = config::encode_base64(ca_pem);
  json context{{"name", "anonymous"}};
  context["context"] = {{"cluster", "kubernetes"}, {"user", "nobody"}};
  json user{{"name", "nobody"}};
  user["user"]["token"] = "nobody";
  json config{{"apiVersion", "v1"}, {"kind", "Config"}, {"current-context", "anonymous"}};
  config["clusters"] = json::array({std::move(cluster)});
  config["contexts"] = json::array({std::move(context)});
  config["users"] = json::array({std::move(user)});
  return config::to_yaml({config});
}

std::vector<std::string> failed_checks(const std::vector<std::string>& output) {
  std::vector<std::string> names;
  constexpr std::string_view mark = "[ERROR ";
  for (const std::string& line : output) {
    const auto start = line.find(mark);
    const auto end = line.find(']', start == std::string::npos ? 0 : start);
    if (start == std::string::npos || end == std::string::npos) continue;
    names.push_back(line.substr(start + mark.size(), end - start - mark.size()));
  }
  return names;
}

bool is_unauthorized(const std::vector<std::string>& output) {
  return std::ranges::any_of(output, [](const std::string& line) {
    return line.find("Unauthorized") != std::string::npos;
  });
}

std::string failed_phase(const std::vector<std::string>& output) {
  constexpr std::string_view mark = "error execution phase ";
  for (const std::string& line : output) {
    const auto start = line.find(mark);
    if (start == std::string::npos) continue;
    const auto name = start + mark.size();
    return line.substr(name, line.find_first_of(": ", name) - name);
  }
  return {};
}

}  // namespace kagent::noded::kubeadm
