#pragma once

#include "agent/common/base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace kagent::noded {

struct DockerWant {
  std::string daemon;                // JSON from the ClusterConfig; may be empty
  std::vector<std::string> mirrors;  // of docker.io, the only registry that dockerd can mirror
};

// Merges what Kubernetes needs over an operator's daemon.json ("" if there is none), and the
// ClusterConfig's JSON over both (RFC 7396). The cgroup driver is systemd. Idempotent: a text of
// ours does not change. Errors: invalid_argument that names the text.
Result<std::string> docker_config(std::string_view original, const DockerWant& want);

}  // namespace kagent::noded
