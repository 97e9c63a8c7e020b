#include "agent/noded/kubeadm/kubeadm_files.hpp"

#include "agent/common/base/paths.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"

#include <fmt/format.h>

namespace kagent::noded {
namespace {

constexpr char api_server_manifest[] = "/etc/kubernetes/manifests/kube-apiserver.yaml";
constexpr char etcd_manifest[] = "/etc/kubernetes/manifests/etcd.yaml";

}  // namespace

Marks marks_of(std::string_view step) {
  return {fmt::format("{}/{}-started", paths::noded_state, step),
          fmt::format("{}/{}-done", paths::noded_state, step)};
}

std::vector<std::string> kubeadm_leftovers(const Context& context) {
  std::vector<std::string> found;
  for (const char* path :
       {admin_conf, kubelet_conf, "/etc/kubernetes/bootstrap-kubelet.conf", api_server_manifest,
        etcd_manifest, cluster_ca, cluster_ca_key, etcd_data, kubelet_config})
    if (context.exists(path)) found.emplace_back(path);
  return found;
}

std::vector<std::string> phases_behind(const Context& context, std::string_view ca_pem) {
  if (ca_pem.empty() || text_of(context, cluster_ca) != ca_pem) return {};
  const bool has_certificate = context.exists(kubelet_conf);
  const bool announced = context.exists(etcd_manifest);
  if (!announced && !(has_certificate && context.exists(api_server_manifest))) return {};
  std::vector<std::string> phases{"preflight", "control-plane-prepare", "check-etcd"};
  if (has_certificate) phases.emplace_back("kubelet-start");
  return phases;
}

}  // namespace kagent::noded
