#pragma once

#include "agent/common/base/error.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::noded {

struct ContainerdWant {
  std::string sandbox_image;
  std::map<std::string, std::string> drop_ins;  // file name to TOML, of the ClusterConfig
  std::map<std::string, std::vector<std::string>> mirrors;  // registry to URLs
  bool version_3 = false;  // containerd 2, which alone reads version 3: other plugin names
};

// An operator's config.toml ("" if there is none) with what Kubernetes needs merged over it, and
// the drop-ins over both, in the order of their names: CRI on, cgroups by systemd, CNI in
// containerd's own folders, the sandbox image, the registries' folder. One file, since containerd's
// own `imports` replace a plugin's whole section. It is of the version of the operator's text, or
// of the drop-ins', for containerd 2 reads both; texts of two versions, or of one that this
// containerd does not read, are refused. Errors: invalid_argument that names the text and, of a
// syntax error, line and column.
Result<std::string> containerd_config(std::string_view original, const ContainerdWant& want);

// Whether containerd's default runtime does not run cgroups by systemd; `info` is what `crictl
// info` prints: the configuration that is in effect, whatever its files are.
bool has_other_cgroups(std::string_view info);

// The folder in which that configuration lets containerd look for hosts.toml files.
std::string registry_folder(std::string_view config);
// "docker.io/hosts.toml"; "*" is every registry that has none of its own.
std::string registry_file(const std::string& registry);
// containerd/docs/hosts.md: asked one after the other, the registry itself at last.
std::string hosts_toml(const std::vector<std::string>& mirrors);

}  // namespace kagent::noded
