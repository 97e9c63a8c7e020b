#pragma once

#include "agent/common/base/error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

// YAML documents as kubeadm reads them, held as JSON values. Pure.
namespace kagent::config {

// One after the other, "---" between them. Plain scalars become what YAML 1.2's core schema says,
// quoted ones strings. Bounded, whoever wrote it. Errors: invalid_argument with the line.
Result<std::vector<nlohmann::json>> parse_documents(std::string_view yaml);

// Every string is quoted or a literal block, so that "1" stays a string and no value can add a
// field or a document. What it writes, parse_documents() reads back as it was, if it is valid
// UTF-8.
std::string to_yaml(const std::vector<nlohmann::json>& documents);

// Each of `raw` over the one of its kind: a mapping merges, extraArgs and kubeletExtraArgs by their
// names, anything else replaces. Arguments may be a mapping (v1beta3) or a list of name and value
// (v1beta4): they become what ours are. Those of a kind that is not there are appended if it is in
// `also`, else left out. A raw document's apiVersion is ignored where ours has the kind.
void merge_by_kind(std::vector<nlohmann::json>& documents, const std::vector<nlohmann::json>& raw,
                   const std::vector<std::string_view>& also);

}  // namespace kagent::config
