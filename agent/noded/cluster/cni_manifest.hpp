#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kagent::noded {

struct CniManifest {
  std::string text;
  std::vector<std::string> corrections;  // one sentence each; empty: unchanged
};

// A cluster's pod ranges by family; "" if it has none.
struct PodCidrs {
  std::string v4;
  std::string v6;
};
PodCidrs pod_cidrs(std::string_view list);  // comma-separated

// Changes a CNI manifest to the cluster's pod network if its own differs: "Network" in a
// net-conf.json of flannel's form (with the second range of a dual-stack cluster), the value of
// Calico's CALICO_IPV4POOL_CIDR, and pools outside of the cluster's range in the Installation of
// Calico's operator. The rest of the text stays, comments included.
CniManifest correct_cni_manifest(std::string_view manifest, const PodCidrs& cluster);

// Whether the manifest defines kinds of its own (CRDs). Their objects can be created only after the
// kinds are established.
bool brings_kinds(std::string_view manifest);

}  // namespace kagent::noded
