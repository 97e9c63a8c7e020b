#pragma once

#include <string>

namespace google::protobuf {
class Message;
}

namespace kagent::ctl::render {

// A message in its proto3 JSON form with every field, indented; and the same in YAML.
std::string json(const google::protobuf::Message& message);
std::string yaml(const google::protobuf::Message& message);

}  // namespace kagent::ctl::render
