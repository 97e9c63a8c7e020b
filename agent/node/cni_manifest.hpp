#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kagent::node {

struct CniManifest {
  std::string text;
  std::vector<std::string> corrections;  // a sentence each; empty: unchanged
};

// A CNI manifest whose own pod network differs from the cluster's gets the cluster's: the "Network"
// of a flannel-style net-conf.json, and the value of Calico's CALICO_IPV4POOL_CIDR. Nothing else is
// touched, comments included. `pod_cidr` is the IPv4 one.
CniManifest correct_cni_manifest(std::string_view manifest, std::string_view pod_cidr);

}  // namespace kagent::node
