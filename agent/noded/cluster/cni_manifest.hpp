#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kagent::noded {

struct CniManifest {
  std::string text;
  std::vector<std::string> corrections;  // a sentence each; empty: unchanged
};

// A cluster's pod ranges by family; "" where it has none.
struct PodCidrs {
  std::string v4;
  std::string v6;
};
PodCidrs pod_cidrs(std::string_view list);  // comma-separated

// A CNI manifest whose own pod network differs from the cluster's gets the cluster's: the "Network"
// of a flannel-style net-conf.json, in which a dual-stack cluster's second range is given too, the
// value of Calico's CALICO_IPV4POOL_CIDR, and pools outside of the cluster's range in the
// Installation of Calico's operator. Nothing else is touched, comments included.
CniManifest correct_cni_manifest(std::string_view manifest, const PodCidrs& cluster);

// Whether it brings kinds of its own: objects of them can come only when these are established.
bool brings_kinds(std::string_view manifest);

}  // namespace kagent::noded
