#pragma once

#include "agent/base/error.hpp"

#include <map>
#include <string>
#include <string_view>

namespace kagent::node {

struct ContainerdWant {
  std::string sandbox_image;
  std::map<std::string, std::string> drop_ins;  // file name to TOML, of the ClusterConfig
  bool version_3 = false;                       // containerd 2: other plugin names
};

// An operator's config.toml ("" if there is none) with what Kubernetes needs merged over it, and
// the drop-ins over both, in the order of their names: CRI on, cgroups by systemd, the sandbox
// image. One file, since containerd's own `imports` replace a plugin's whole section. Errors:
// invalid_argument that names the text, line and column.
Result<std::string> containerd_config(std::string_view original, const ContainerdWant& want);

}  // namespace kagent::node
