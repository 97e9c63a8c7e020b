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

// Where each field stood, by its path ("cni.manifests[0]"), for errors found later.
using Places = std::map<std::string, Place>;

// One YAML document into a message whose proto3 JSON form it is: unknown and repeated keys, wrong
// types, anchors and aliases are problems. Bounded: 256 KiB, 32 levels. False if anything is wrong.
bool read_yaml(std::string_view yaml, google::protobuf::Message& into, Places& places,
               Problems& problems);

// Whether YAML::LoadAll comes to an end with it: of a comma where a document begins yaml-cpp 0.7
// makes documents without end. What is wrong, or nothing.
std::optional<std::string> check_documents(const std::string& yaml);

}  // namespace kagent::config
