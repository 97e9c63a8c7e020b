#pragma once

#include "agent/common/base/error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

// YAML documents as kubeadm reads them, held as JSON values. No I/O.
namespace kagent::config {

// Reads documents separated by "---". Plain scalars get their type from YAML 1.2's core schema;
// quoted scalars are strings. The input is bounded. Errors: invalid_argument with the line.
Result<std::vector<nlohmann::json>> parse_documents(std::string_view yaml);

// Every string is quoted or a literal block, so that "1" stays a string and no value can add a
// field or a document. What it writes, parse_documents() reads back as it was, if it is valid
// UTF-8.
std::string to_yaml(const std::vector<nlohmann::json>& documents);

// Merges each document of `raw` into ours of the same kind. Mappings merge; extraArgs and
// kubeletExtraArgs merge by name; anything else replaces ours. Arguments may be a mapping (v1beta3)
// or a list of name and value (v1beta4) and take the form that ours have. A document of a kind that
// ours lack is appended if `also` has the kind, else dropped. The apiVersion of a raw document is
// ignored where ours has the kind.
void merge_by_kind(std::vector<nlohmann::json>& documents, const std::vector<nlohmann::json>& raw,
                   const std::vector<std::string_view>& also);

}  // namespace kagent::config
