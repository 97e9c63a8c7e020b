#pragma once

#include "agent/noded/step/context.hpp"

#include <string>
#include <vector>

// Copies of admin.conf for people, as ~/.kube/config: root's, and those of kubeconfigUsers. What
// somebody has made his own (a namespace, a second cluster) stays his.
namespace kagent::noded {

struct KubeconfigCopy {
  enum class State {
    good,    // ours, or somebody's that leads to this cluster too
    wanted,  // there is none, or an old one of ours
    left,    // nothing is written; `why` says so to people
  };
  std::string user;
  std::string path;
  State state = State::good;
  std::string why;
};

// A user who does not exist yet, or has no home, is `left`: the cluster does not wait for him.
std::vector<KubeconfigCopy> kubeconfig_copies(const Context& context);

// Errors: not_found (no admin.conf), failed_precondition, io, resource_exhausted.
Result<> write_kubeconfig_copy(const Context& context, const KubeconfigCopy& copy);

}  // namespace kagent::noded
