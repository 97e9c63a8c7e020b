#include "agent/common/config/yaml.hpp"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

namespace kagent::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::size_t max_bytes = 256 * 1024;
constexpr std::size_t max_depth = 32;

// yaml-cpp builds the whole tree by recursion and expands aliases. Input that would make this
// expensive is rejected on the event stream, before a tree is built.
constexpr unsigned most_documents = 100;

class Guard : public YAML::EventHandler {
 public:
  explicit Guard(Problems& problems) : problems_(problems) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse(mark, "an alias"); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string&) override {
    refuse_anchor(mark, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    enter(mark, anchor);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    enter(mark, anchor);
  }
  void OnMapEnd() override { --depth_; }

 private:
  struct TooDeep : YAML::Exception {
    explicit TooDeep(const YAML::Mark& where)
        : Exception(where, "nested more than 32 levels deep") {}
  };

  void enter(const YAML::Mark& mark, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    if (++depth_ > max_depth) throw TooDeep(mark);
  }
  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(mark, "an anchor");
  }
  void refuse(const YAML::Mark& mark, std::string_view what) {
    problems_.add({mark.line + 1, mark.column + 1}, "",
                  fmt::format("{} is not allowed here: write the value out", what));
  }

  Problems& problems_;
  std::size_t depth_ = 0;
};

Place place_of(const YAML::Node& node) {
  const YAML::Mark mark = node.Mark();
  return {mark.line + 1, mark.column + 1};
}

std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t above = row[j];
      const std::size_t replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      row[j] = std::min({above + 1, row[j - 1] + 1, replaced});
      diagonal = above;
    }
  }
  return row.back();
}

std::string unknown_field(const Descriptor& type, std::string_view name) {
  const FieldDescriptor* nearest = nullptr;
  std::size_t best = 4;
  for (int i = 0; i < type.field_count(); ++i) {
    const auto away = distance(name, type.field(i)->json_name());
    if (away < best) {
      best = away;
      nearest = type.field(i);
    }
  }
  if (nearest != nullptr)
    return fmt::format("there is no such field; did you mean \"{}\"?", nearest->json_name());
  std::string known;
  for (int i = 0; i < type.field_count(); ++i)
    known += (i == 0 ? "" : ", ") + type.field(i)->json_name();
  return "there is no such field; known here: " + known;
}

const FieldDescriptor* find_field(const Descriptor& type, const std::string& name) {
  for (int i = 0; i < type.field_count(); ++i)
    if (type.field(i)->json_name() == name) return type.field(i);
  return nullptr;
}

class Reader {
 public:
  Reader(Places& places, Problems& problems) : places_(places), problems_(problems) {}

  void read(const YAML::Node& node, Message& into, const std::string& path) {
    if (node.IsNull()) return;
    if (!node.IsMap()) return wrong(node, path, "a mapping");
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const auto key = key_of(entry.first, path, seen);
      if (!key) continue;
      const std::string inner = path.empty() ? *key : path + "." + *key;
      const FieldDescriptor* field = find_field(*into.GetDescriptor(), *key);
      if (field == nullptr) {
        problems_.add(place_of(entry.first), inner, unknown_field(*into.GetDescriptor(), *key));
        continue;
      }
      places_[inner] = place_of(entry.second);
      if (!entry.second.IsNull()) read_field(entry.second, into, *field, inner);
    }
  }

 private:
  void wrong(const YAML::Node& node, const std::string& path, std::string_view expected) {
    const char* found = node.IsMap()        ? "a mapping"
                        : node.IsSequence() ? "a list"
                                            : "a single value";
    problems_.add(place_of(node), path, fmt::format("expected {}, found {}", expected, found));
  }

  std::optional<std::string> key_of(const YAML::Node& key, const std::string& path,
                                    std::set<std::string>& seen) {
    if (!key.IsScalar()) {
      problems_.add(place_of(key), path, "expected a field name");
      return std::nullopt;
    }
    if (!seen.insert(key.Scalar()).second) {
      problems_.add(place_of(key), path.empty() ? key.Scalar() : path + "." + key.Scalar(),
                    "is given twice");
      return std::nullopt;
    }
    return key.Scalar();
  }

  void read_field(const YAML::Node& node, Message& into, const FieldDescriptor& field,
                  const std::string& path) {
    if (field.is_map()) return read_map(node, into, field, path);
    if (field.is_repeated()) return read_list(node, into, field, path);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
      return read(node, *into.GetReflection()->MutableMessage(&into, &field), path);
    if (!node.IsScalar()) return wrong(node, path, scalar_name(field));
    const Reflection& reflection = *into.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(&into, &field, node.Scalar());
      case FieldDescriptor::CPPTYPE_BOOL:
        if (node.Scalar() != "true" && node.Scalar() != "false")
          return problems_.add(place_of(node), path, "expected true or false");
        return reflection.SetBool(&into, &field, node.Scalar() == "true");
      case FieldDescriptor::CPPTYPE_UINT32: {
        std::uint32_t value = 0;
        const std::string& text = node.Scalar();
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size())
          return problems_.add(place_of(node), path,
                               fmt::format("expected a whole number, found \"{}\"", text));
        return reflection.SetUInt32(&into, &field, value);
      }
      default: problems_.add(place_of(node), path, "this kind of field cannot be given in YAML");
    }
  }

  static std::string_view scalar_name(const FieldDescriptor& field) {
    return field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32 ? "a whole number"
           : field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL ? "true or false"
                                                               : "a text";
  }

  void read_list(const YAML::Node& node, Message& into, const FieldDescriptor& field,
                 const std::string& path) {
    if (!node.IsSequence()) return wrong(node, path, "a list");
    for (std::size_t i = 0; i < node.size(); ++i) {
      const YAML::Node item = node[i];
      const std::string inner = fmt::format("{}[{}]", path, i);
      places_[inner] = place_of(item);
      if (!item.IsScalar())
        wrong(item, inner, "a text");
      else
        into.GetReflection()->AddString(&into, &field, item.Scalar());
    }
  }

  // Every map of the schema is string to string, or to a message.
  void read_map(const YAML::Node& node, Message& into, const FieldDescriptor& field,
                const std::string& path) {
    if (!node.IsMap()) return wrong(node, path, "a mapping");
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const auto key = key_of(entry.first, path, seen);
      if (!key) continue;
      const std::string inner = path + "." + *key;
      places_[inner] = place_of(entry.second);
      const FieldDescriptor& value = *field.message_type()->map_value();
      const bool message = value.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
      if (!message && !entry.second.IsScalar()) {
        wrong(entry.second, inner, "a text");
        continue;
      }
      Message* pair = into.GetReflection()->AddMessage(&into, &field);
      const Reflection& reflection = *pair->GetReflection();
      reflection.SetString(pair, field.message_type()->map_key(), *key);
      if (message)
        read(entry.second, *reflection.MutableMessage(pair, &value), inner);
      else
        reflection.SetString(pair, &value, entry.second.Scalar());
    }
  }

  Places& places_;
  Problems& problems_;
};

void check_shape(const std::string& text, Problems& problems) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Guard guard(problems);
  parser.HandleNextDocument(guard);
  if (parser.HandleNextDocument(guard))
    problems.add({}, "", "expected one YAML document, found several");
}

}  // namespace

std::optional<std::string> check_documents(const std::string& yaml) {
  Problems ignored("");
  try {
    std::istringstream stream(yaml);
    YAML::Parser parser(stream);
    Guard guard(ignored);
    for (unsigned count = 0; parser.HandleNextDocument(guard); ++count)
      if (count == most_documents)
        return "more than 100 documents in it; is there a comma where one begins?";
  } catch (const YAML::Exception& wrong) {
    return fmt::format("line {} of it: {}", wrong.mark.line + 1, wrong.msg);
  }
  return std::nullopt;
}

bool read_yaml(std::string_view yaml, Message& into, Places& places, Problems& problems) {
  if (yaml.size() > max_bytes) {
    problems.add({}, "", "larger than 256 KiB");
    return false;
  }
  if (yaml.find('\0') != std::string_view::npos) {
    problems.add({}, "", "contains a NUL byte: not a text file");
    return false;
  }
  try {
    const std::string text(yaml);
    check_shape(text, problems);
    if (!problems.empty()) return false;
    Reader(places, problems).read(YAML::Load(text), into, "");
  } catch (const YAML::Exception& wrong) {
    problems.add({wrong.mark.line + 1, wrong.mark.column + 1}, "", wrong.msg);
  }
  return problems.empty();
}

}  // namespace kagent::config
