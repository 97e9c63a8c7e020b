#include "agent/noded/network/metadata_rules.hpp"

namespace kagent::noded {

const std::string_view metadata_unit = R"(# Made by kagent.
[Unit]
Description=kagent: closes the instance metadata service (metadataAccess)
After=nftables.service firewalld.service
Before=kubelet.service
ConditionPathExists=/etc/kagent/metadata.nft

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=nft -f /etc/kagent/metadata.nft
ExecStop=nft delete table inet kagent_metadata

[Install]
WantedBy=multi-user.target
)";

bool closes_metadata(std::string_view access) {
  return access == "host" || access == "kagent";
}

std::string metadata_rules(std::string_view access) {
  std::string text = R"(# Made by kagent.
table inet kagent_metadata
delete table inet kagent_metadata
table inet kagent_metadata {
  chain forward {
    type filter hook forward priority filter - 5
    ip daddr 169.254.169.254 counter reject
    ip6 daddr fd00:ec2::254 counter reject
  }
)";
  if (access == "kagent")
    text += R"(  chain output {
    type filter hook output priority filter - 5
    meta skuid != "kagent-imds" ip daddr 169.254.169.254 counter reject
    meta skuid != "kagent-imds" ip6 daddr fd00:ec2::254 counter reject
  }
)";
  return text + "}\n";
}

}  // namespace kagent::noded
