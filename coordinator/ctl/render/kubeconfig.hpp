#pragma once

#include "kagent/v1/admin.pb.h"

#include <string>

namespace kagent::ctl::render {

// A kubeconfig of its own, everything embedded; secret.
std::string kubeconfig(const v1::GetKubeconfigResponse& issued, const std::string& key_pem);

}  // namespace kagent::ctl::render
