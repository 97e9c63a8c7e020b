#pragma once

#include "agent/noded/step/context.hpp"

#include <string>
#include <vector>

// Copies of admin.conf as ~/.kube/config, for root and the kubeconfigUsers. A copy that a person
// has changed (a namespace, a second cluster) stays as it is.
namespace kagent::noded {

struct KubeconfigCopy {
  enum class State {
    good,    // ours, or a person's file that also leads to this cluster
    wanted,  // missing, or an old copy of ours
    left,    // must not be written; `why` tells people the reason
  };
  std::string user;
  std::string path;
  State state = State::good;
  std::string why;
};

// `left` if the user does not exist yet or has no home, so that the cluster does not wait.
std::vector<KubeconfigCopy> kubeconfig_copies(const Context& context);

// Errors: not_found (no admin.conf), failed_precondition, io, resource_exhausted.
Result<> write_kubeconfig_copy(const Context& context, const KubeconfigCopy& copy);

}  // namespace kagent::noded
