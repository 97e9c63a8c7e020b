#pragma once

#include "agent/noded/step/context.hpp"

#include <string>
#include <vector>

// The container runtime that the ClusterConfig asks for, as Kubernetes reaches it.
namespace kagent::noded {

inline constexpr char containerd_socket[] = "/run/containerd/containerd.sock";
inline constexpr char containerd_endpoint[] = "unix:///run/containerd/containerd.sock";

bool uses_docker(const Context& context);
// Docker is reached through cri-dockerd, or through the dockershim that kubelet contains up to
// Kubernetes 1.23.
bool uses_cri_dockerd(const Context& context);
// The units that must run, each before those that need it.
std::vector<std::string> runtime_units(const Context& context);
// kubeadm's criSocket. The path of dockershim has no scheme, as in kubeadm's constants.
std::string cri_endpoint(const Context& context);

}  // namespace kagent::noded
