#include "agent/common/config/documents.hpp"

#include "agent/common/config/yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace kagent::config {
namespace {

using nlohmann::json;

json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() != "?") return text;  // quoted, or tagged as a string
  if (text == "true" || text == "True") return true;
  if (text == "false" || text == "False") return false;
  if (text.empty() || text == "null" || text == "~") return nullptr;
  const auto number = json::parse(text, nullptr, false);
  if (number.is_number()) return number;
  return text;
}

// Aliases are expanded, so a short document could become a huge one.
constexpr unsigned most_values = 100'000;
constexpr unsigned deepest = 64;

json to_json(const YAML::Node& node, unsigned& values, unsigned depth = 0) {
  if (++values > most_values || depth > deepest)
    throw YAML::Exception(node.Mark(), "too many values, or nested too deep");
  if (node.IsMap()) {
    json map = json::object();
    for (const auto& entry : node)
      map[entry.first.Scalar()] = to_json(entry.second, values, depth + 1);
    return map;
  }
  if (node.IsSequence()) {
    json list = json::array();
    for (const auto& entry : node) list.push_back(to_json(entry, values, depth + 1));
    return list;
  }
  return node.IsScalar() ? scalar(node) : json(nullptr);
}

// A block is read back as it was only if its lines hold nothing that YAML folds, strips or breaks
// at.
bool reads_better_as_a_block(std::string_view text) {
  return text.size() > 1 && text.front() != ' ' && text.front() != '\n' && text.back() == '\n' &&
         text[text.size() - 2] != '\n' &&
         std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
}

// kubeadm's field names and Kubernetes' names are; anything else is quoted.
bool is_plain_key(std::string_view key) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !key.empty() && is_letter(key.front()) && key != "true" && key != "false" &&
         key != "null" && std::ranges::all_of(key, [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/';
         });
}

void emit(YAML::Emitter& out, const json& value) {
  switch (value.type()) {
    case json::value_t::object:
      out << YAML::BeginMap;
      for (const auto& [key, entry] : value.items()) {
        out << YAML::Key;
        if (is_plain_key(key))
          out << key;
        else
          out << YAML::DoubleQuoted << key;
        out << YAML::Value;
        emit(out, entry);
      }
      out << YAML::EndMap;
      break;
    case json::value_t::array:
      out << YAML::BeginSeq;
      for (const auto& entry : value) emit(out, entry);
      out << YAML::EndSeq;
      break;
    case json::value_t::string: {
      const auto& text = value.get_ref<const std::string&>();
      if (reads_better_as_a_block(text))
        out << YAML::Literal << text;
      else
        out << YAML::DoubleQuoted << text;
      break;
    }
    default: out << value.dump(); break;
  }
}

std::string kind_of(const json& document) {
  return document.is_object() ? document.value("kind", "") : std::string{};
}

using Arguments = std::vector<std::pair<std::string, std::string>>;

// Reads either form; returns nothing for anything else.
std::optional<Arguments> arguments_of(const json& value) {
  const auto text = [](const json& one) {
    return one.is_string() ? one.get<std::string>() : one.dump();
  };
  Arguments arguments;
  if (value.is_object()) {
    for (const auto& [name, each] : value.items()) arguments.emplace_back(name, text(each));
    return arguments;
  }
  if (!value.is_array()) return std::nullopt;
  for (const json& each : value) {
    if (!each.is_object() || !each.contains("name") || !each.at("name").is_string() ||
        !each.contains("value"))
      return std::nullopt;
    arguments.emplace_back(each.at("name").get<std::string>(), text(each.at("value")));
  }
  return arguments;
}

json merged_arguments(const json& ours, const json& theirs, bool as_list) {
  const auto over = arguments_of(theirs);
  if (!over) return theirs;
  Arguments all = arguments_of(ours).value_or(Arguments{});
  std::erase_if(all, [&](const auto& each) {
    return std::ranges::find(*over, each.first, &Arguments::value_type::first) != over->end();
  });
  all.insert(all.end(), over->begin(), over->end());
  json result = as_list ? json::array() : json::object();
  for (const auto& [name, value] : all)
    if (as_list)
      result.push_back({{"name", name}, {"value", value}});
    else
      result[name] = value;
  return result;
}

void merge(json& into, const json& over, bool argument_lists) {
  if (!over.is_object()) {
    into = over;
    return;
  }
  if (!into.is_object()) into = json::object();
  for (const auto& [key, value] : over.items())
    if (key == "extraArgs" || key == "kubeletExtraArgs")
      into[key] = merged_arguments(into[key], value, argument_lists);
    else
      merge(into[key], value, argument_lists);
}

}  // namespace

Result<std::vector<json>> parse_documents(std::string_view yaml) {
  const std::string text(yaml);
  if (const auto wrong = config::check_documents(text))
    return Error(Errc::invalid_argument, *wrong);
  try {
    std::vector<json> documents;
    unsigned values = 0;
    for (const auto& node : YAML::LoadAll(text))
      if (node.IsDefined() && !node.IsNull()) documents.push_back(to_json(node, values));
    return documents;
  } catch (const YAML::Exception& error) {
    return Error(Errc::invalid_argument, fmt::format("line {}, column {}: {}", error.mark.line + 1,
                                                     error.mark.column + 1, error.msg));
  }
}

std::string to_yaml(const std::vector<json>& documents) {
  std::string text;
  for (const json& document : documents) {
    YAML::Emitter out;
    out.SetOutputCharset(YAML::EscapeNonAscii);  // U+2028 and its like are line breaks to some
    emit(out, document);
    if (!text.empty()) text += "---\n";
    text += out.c_str();
    text += '\n';
  }
  return text;
}

void merge_by_kind(std::vector<json>& documents, const std::vector<json>& raw,
                   const std::vector<std::string_view>& also) {
  for (json over : raw) {
    const std::string kind = kind_of(over);
    const auto ours = std::ranges::find(documents, kind, kind_of);
    if (ours != documents.end()) {
      over.erase("apiVersion");
      merge(*ours, over, ours->value("apiVersion", "") != "kubeadm.k8s.io/v1beta3");
    } else if (std::ranges::find(also, kind) != also.end()) {
      documents.push_back(std::move(over));
    }
  }
}

}  // namespace kagent::config
