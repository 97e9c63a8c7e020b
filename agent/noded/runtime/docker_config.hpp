#pragma once

#include "agent/common/base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace kagent::noded {

struct DockerWant {
  std::string daemon;                // JSON of the ClusterConfig, "" for none
  std::vector<std::string> mirrors;  // of docker.io, the only registry for which dockerd has any
};

// An operator's daemon.json ("" if there is none) with what Kubernetes needs merged over it (RFC
// 7396), and the ClusterConfig's over both: cgroups by systemd. Idempotent: a text of ours stays as
// it is. Errors: invalid_argument that names the text.
Result<std::string> docker_config(std::string_view original, const DockerWant& want);

}  // namespace kagent::noded
