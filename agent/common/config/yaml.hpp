#pragma once

#include "agent/common/config/problem.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace google::protobuf {
class Message;
}

namespace kagent::config {

// The place of each field by its path ("cni.manifests[0]"), for errors found later.
using Places = std::map<std::string, Place>;

// Reads one YAML document into a message; the document is the message's proto3 JSON form. Unknown
// and repeated keys, wrong types, anchors and aliases are problems. Limits: 256 KiB, 32 levels.
// Returns false if there is any problem.
bool read_yaml(std::string_view yaml, google::protobuf::Message& into, Places& places,
               Problems& problems);

// Whether YAML::LoadAll ends: for a comma at the start of a document yaml-cpp 0.7 makes documents
// without end. Returns the problem, or nothing.
std::optional<std::string> check_documents(const std::string& yaml);

}  // namespace kagent::config
