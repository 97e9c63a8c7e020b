#pragma once

#include <string>
#include <string_view>

namespace kagent::noded {

// Whether ClusterConfig.metadataAccess needs rules.
bool closes_metadata(std::string_view access);

// Input for `nft -f`: makes our own table anew. Blocked senders get an ICMP refusal at once.
// `access`: "host" or "kagent".
std::string metadata_rules(std::string_view access);

// kagent-metadata.service: loads /etc/kagent/metadata.nft before any pod starts.
extern const std::string_view metadata_unit;

}  // namespace kagent::noded
