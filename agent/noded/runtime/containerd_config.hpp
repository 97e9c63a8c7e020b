#pragma once

#include "agent/common/base/error.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::noded {

struct ContainerdWant {
  std::string sandbox_image;
  std::map<std::string, std::string> drop_ins;  // file name to TOML, from the ClusterConfig
  std::map<std::string, std::vector<std::string>> mirrors;  // registry to URLs
  bool version_3 =
      false;  // containerd 2, the only one that reads version 3, with other plugin names
};

// Merges what Kubernetes needs over an operator's config.toml ("" if there is none), and the
// drop-ins over both, in the order of their names. Kubernetes needs CRI enabled, the systemd cgroup
// driver, CNI in containerd's own folders, the sandbox image and the registries' folder. The result
// is one file, since containerd's `imports` replace a plugin's whole section. Its version is that
// of the operator's text or of the drop-ins. Texts of different versions, or of a version that this
// containerd does not read, are refused. Errors: invalid_argument that names the text and, for a
// syntax error, line and column.
Result<std::string> containerd_config(std::string_view original, const ContainerdWant& want);

// Whether containerd's default runtime uses another cgroup driver than systemd. `info` is the
// output of `crictl info`, which shows the configuration in effect.
bool has_other_cgroups(std::string_view info);

// The folder where that configuration lets containerd look for hosts.toml files.
std::string registry_folder(std::string_view config);
// Files by path: "docker.io/hosts.toml". The registry "*" stands for all registries without mirrors
// of their own.
std::string registry_file(const std::string& registry);
// containerd asks the mirrors in this order, then the registry itself (containerd/docs/hosts.md).
std::string hosts_toml(const std::vector<std::string>& mirrors);

}  // namespace kagent::noded
