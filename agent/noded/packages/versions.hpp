#pragma once

#include "agent/common/failure/failure.hpp"

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Whether the programs of a node fit each other and the wanted Kubernetes version. Pure.
namespace kagent::noded::packages {

struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const Version&) const = default;
};
std::string to_string(const Version& version);  // "1.32.4"
// The first X.Y.Z or X.Y in a text.
std::optional<Version> find_version(std::string_view text);

// Versions by program; missing programs have no entry.
using Programs = std::map<std::string, Version>;
// Reads the outputs of `kubeadm version -o short`, `kubelet --version`, `kubectl version --client`,
// `containerd --version` and `docker --version`, in any order.
Programs read_versions(std::string_view output);

struct Misfit {
  Failure failure;         // "packages.kubelet-version"
  std::string check = {};  // kubeadm's name for it, as in ignorePreflightErrors
};
// `wanted` is the cluster's version; without one, kubeadm's own version counts. Sources: kubeadm's
// preflight checks (KubernetesVersion, KubeletVersion), Kubernetes' version skew policy, and CRI
// v1, which kubelet requires since 1.26 and containerd offers since 1.6.
std::vector<Misfit> misfits(const Programs& programs, std::optional<Version> wanted);

}  // namespace kagent::noded::packages
