#pragma once

#include <string>
#include <string_view>

namespace kagent::noded {

// Whether ClusterConfig.metadataAccess wants any rules.
bool closes_metadata(std::string_view access);

// For `nft -f`: a table of our own, made anew. Whoever is not let in gets an ICMP refusal at once.
// `access`: "host" or "kagent".
std::string metadata_rules(std::string_view access);

// kagent-metadata.service, which loads /etc/kagent/metadata.nft before any pod starts.
extern const std::string_view metadata_unit;

}  // namespace kagent::noded
