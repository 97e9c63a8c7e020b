#include "agent/noded/step/cri.hpp"

namespace kagent::noded {

bool uses_docker(const Context& context) {
  return context.cluster.runtime() == "docker";
}

bool uses_cri_dockerd(const Context& context) {
  return uses_docker(context) && context.has_program("cri-dockerd");
}

std::vector<std::string> runtime_units(const Context& context) {
  if (!uses_docker(context)) return {"containerd.service"};
  std::vector<std::string> units{"docker.service"};
  if (uses_cri_dockerd(context)) units.emplace_back("cri-docker.service");
  return units;
}

std::string cri_endpoint(const Context& context) {
  if (!uses_docker(context)) return containerd_endpoint;
  return uses_cri_dockerd(context) ? "unix:///run/cri-dockerd.sock" : "/var/run/dockershim.sock";
}

}  // namespace kagent::noded
