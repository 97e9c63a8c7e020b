#include "coordinator/ctl/render/document.hpp"

#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/emitter.h>
#include <nlohmann/json.hpp>

namespace kagent::ctl::render {
namespace {

nlohmann::ordered_json tree_of(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) return {{"error", std::string(status.message())}};
  return nlohmann::ordered_json::parse(text);
}

void emit(YAML::Emitter& out, const nlohmann::ordered_json& node) {
  if (node.is_object()) {
    if (node.empty()) out << YAML::Flow;
    out << YAML::BeginMap;
    for (const auto& [key, value] : node.items()) {
      out << YAML::Key << key << YAML::Value;
      emit(out, value);
    }
    out << YAML::EndMap;
  } else if (node.is_array()) {
    if (node.empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const auto& value : node) emit(out, value);
    out << YAML::EndSeq;
  } else if (node.is_string()) {
    // Without quotes the strings "true" and "10" would change their type.
    out << YAML::DoubleQuoted << node.get<std::string>();
  } else {
    out << node.dump();
  }
}

}  // namespace

std::string json(const google::protobuf::Message& message) {
  return tree_of(message).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string yaml(const google::protobuf::Message& message) {
  YAML::Emitter out;
  emit(out, tree_of(message));
  return std::string(out.c_str()) + "\n";
}

}  // namespace kagent::ctl::render
