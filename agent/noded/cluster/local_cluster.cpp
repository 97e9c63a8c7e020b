#include "agent/noded/cluster/local_cluster.hpp"

#include "agent/common/base/file.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/step/admin_conf.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"

#include <charconv>

namespace kagent::noded {

LocalCluster initialised_cluster() {
  const auto fence = read_file(marks_of("init").done);
  const auto server = api_server_of("/");
  const auto ca = read_file(cluster_ca);
  if (!fence || !server || !ca) return {};
  LocalCluster cluster;
  cluster.api_server = server->substr(server->find("://") + 3);
  cluster.ca_pem = *ca;
  std::from_chars(fence->data(), fence->data() + fence->size(), cluster.fence);
  return cluster;
}

}  // namespace kagent::noded
