#pragma once

#include "agent/noded/step/context.hpp"

#include <string>
#include <string_view>
#include <vector>

// Files that runs of kubeadm leave on this node.
namespace kagent::noded {

inline constexpr char etcd_data[] = "/var/lib/etcd/member";

// Files in noded's own state that outlive a crash: `started` says that a run of kubeadm has begun,
// `done` that it succeeded. The run's own unit writes `done`, after kubeadm.
struct Marks {
  std::string started;
  std::string done;
};
Marks marks_of(std::string_view step);

// Files that a complete or incomplete run of kubeadm leaves. Only these files count as a cluster.
std::vector<std::string> kubeadm_leftovers(const Context& context);

// Phases of `kubeadm join` to skip when an interrupted join of a control plane continues; empty if
// it must start again after a reset. Once the node's etcd member is announced, the member counts
// for the quorum, and a reset could stop the whole cluster: such a join must be completed. (Since
// 1.19, kubeadm does not announce a member twice.) `ca_pem` is the CA of the cluster to join; files
// of another cluster are ignored.
std::vector<std::string> phases_behind(const Context& context, std::string_view ca_pem);

}  // namespace kagent::noded
