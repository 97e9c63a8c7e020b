#include "agent/common/values/bound.hpp"

#include "agent/common/base/printable.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <vector>

namespace kagent::values {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::size_t submessage_cost = 64;

class Bounder {
 public:
  explicit Bounder(const MessageLimits& limits) : limits_(limits), left_(limits.total_bytes) {}

  void walk(Message& message) {
    const Reflection& reflection = *message.GetReflection();
    std::vector<const FieldDescriptor*>
        fields;  // those that are set, in the order of their numbers
    reflection.ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      if (field->is_repeated())
        repeated(message, reflection, *field);
      else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
        submessage(message, reflection, *field);
      else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING)
        text(message, reflection, *field);
    }
  }

  [[nodiscard]] std::size_t changes() const { return changes_; }

 private:
  // False: there is no room left for `bytes` more.
  bool spend(std::size_t bytes) {
    if (bytes > left_) {
      left_ = 0;
      ++changes_;
      return false;
    }
    left_ -= bytes;
    return true;
  }

  std::string bounded(const FieldDescriptor& field, const std::string& value) {
    if (field.type() == FieldDescriptor::TYPE_BYTES) return value;
    std::string line = printable(value, limits_.text_bytes);
    // Escapes are no loss, so only a cut counts.
    if (line.size() < value.size()) ++changes_;
    return line;
  }

  void text(Message& message, const Reflection& reflection, const FieldDescriptor& field) {
    std::string line = bounded(field, reflection.GetString(message, &field));
    if (spend(line.size()))
      reflection.SetString(&message, &field, std::move(line));
    else
      reflection.ClearField(&message, &field);
  }

  void submessage(Message& message, const Reflection& reflection, const FieldDescriptor& field) {
    if (spend(submessage_cost))
      walk(*reflection.MutableMessage(&message, &field));
    else
      reflection.ClearField(&message, &field);
  }

  void repeated(Message& message, const Reflection& reflection, const FieldDescriptor& field) {
    const auto size = static_cast<std::size_t>(reflection.FieldSize(message, &field));
    std::size_t kept = 0;
    for (; kept < size && kept < limits_.elements; ++kept)
      if (!element(message, reflection, field, static_cast<int>(kept))) break;
    changes_ += size - kept;
    for (std::size_t i = kept; i < size; ++i) reflection.RemoveLast(&message, &field);
  }

  bool element(Message& message, const Reflection& reflection, const FieldDescriptor& field,
               int index) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (!spend(submessage_cost)) return false;
        walk(*reflection.MutableRepeatedMessage(&message, &field, index));
        return true;
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string line = bounded(field, reflection.GetRepeatedString(message, &field, index));
        if (!spend(line.size() + 1)) return false;
        reflection.SetRepeatedString(&message, &field, index, std::move(line));
        return true;
      }
      default: return spend(sizeof(double));
    }
  }

  const MessageLimits& limits_;
  std::size_t left_;
  std::size_t changes_ = 0;
};

}  // namespace

std::size_t bound(Message& message, const MessageLimits& limits) {
  message.DiscardUnknownFields();
  Bounder bounder(limits);
  bounder.walk(message);
  return bounder.changes();
}

}  // namespace kagent::values
