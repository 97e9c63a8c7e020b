#pragma once

#include "agent/common/base/error.hpp"
#include "kagent/v1/envelope.pb.h"

#include <filesystem>
#include <string>

namespace kagent::noded {

struct IssuedKubeconfig {
  std::string api_server;  // https://HOST:PORT
  std::string ca_pem, certificate_pem;
};

// Signs with the cluster's CA, whose key only a control plane has. The certificate is in group
// system:masters and valid for 7 days at most. `root` is / except in tests. Errors:
// failed_precondition (no control plane, or the CA key is elsewhere), invalid_argument (the order).
Result<IssuedKubeconfig> issue_kubeconfig(const v1::KubeconfigOrder& order,
                                          const std::filesystem::path& root);

}  // namespace kagent::noded
