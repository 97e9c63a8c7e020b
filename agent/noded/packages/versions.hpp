#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Whether the programs of a node fit together and to the wanted Kubernetes. Pure.
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

// Program to version; a program that is not there is not in it.
using Programs = std::map<std::string, Version>;
// Of what `kubeadm version -o short`, `kubelet --version`, `kubectl version --client`,
// `containerd --version` and `docker --version` print, in any order.
Programs read_versions(std::string_view output);

struct Misfit {
  std::string cause;  // "packages.kubelet-version"
  std::string message;
  std::string remedy;
  std::string check = {};  // kubeadm's name for it, as in ignorePreflightErrors
};
// `wanted`: of the cluster; none: that of kubeadm. Sources: kubeadm's preflight checks
// (KubernetesVersion, KubeletVersion), Kubernetes' version skew policy, and CRI v1, which kubelet
// 1.26 demands and containerd has since 1.6.
std::vector<Misfit> misfits(const Programs& programs, std::optional<Version> wanted);

}  // namespace kagent::noded::packages
