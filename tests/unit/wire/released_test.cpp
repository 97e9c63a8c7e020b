#include "kagent/v1/admin.pb.h"
#include "kagent/v1/agent.pb.h"
#include "kagent/v1/config.pb.h"
#include "kagent/v1/envelope.pb.h"
#include "kagent/v1/report.pb.h"
#include "kagent/v1/stored.pb.h"

#include <google/protobuf/descriptor.h>
#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

// `released/VERSION` lists what that version wrote on the wire and on disk, a line for each field
// and enum value. It is made at a release: KAGENT_WRITE_RELEASED=VERSION test_wire
namespace {

using namespace google::protobuf;

std::string type_of(const FieldDescriptor& field) {
  if (field.message_type() != nullptr) return field.message_type()->full_name();
  if (field.enum_type() != nullptr) return field.enum_type()->full_name();
  return field.type_name();
}

void describe(const Descriptor& message, std::set<std::string>& lines) {
  for (int n = 0; n < message.field_count(); ++n) {
    const FieldDescriptor& field = *message.field(n);
    lines.insert(message.full_name() + " " + std::to_string(field.number()) + " " + field.name() +
                 " " + (field.is_repeated() ? "repeated " : "") + type_of(field));
  }
  for (int n = 0; n < message.nested_type_count(); ++n) describe(*message.nested_type(n), lines);
}

std::set<std::string> spoken_today() {
  std::set<std::string> lines;
  for (const FileDescriptor* file :
       {kagent::v1::Node::descriptor()->file(), kagent::v1::Hello::descriptor()->file(),
        kagent::v1::ClusterConfig::descriptor()->file(),
        kagent::v1::SignedEnvelope::descriptor()->file(),
        kagent::v1::NodeReport::descriptor()->file(),
        kagent::v1::StoredCluster::descriptor()->file()}) {
    for (int n = 0; n < file->message_type_count(); ++n) describe(*file->message_type(n), lines);
    for (int n = 0; n < file->enum_type_count(); ++n)
      for (int value = 0; value < file->enum_type(n)->value_count(); ++value)
        lines.insert(file->enum_type(n)->full_name() + " " +
                     std::to_string(file->enum_type(n)->value(value)->number()) + " " +
                     file->enum_type(n)->value(value)->name());
    for (int n = 0; n < file->service_count(); ++n)
      for (int call = 0; call < file->service(n)->method_count(); ++call) {
        const MethodDescriptor& method = *file->service(n)->method(call);
        lines.insert(method.full_name() + " " + method.input_type()->full_name() + " " +
                     method.output_type()->full_name());
      }
  }
  return lines;
}

}  // namespace

TEST_CASE("F20: what released versions say still means the same") {
  const auto today = spoken_today();
  if (const char* release = std::getenv("KAGENT_WRITE_RELEASED")) {
    std::ofstream file(std::filesystem::path(RELEASED) / release);
    for (const auto& line : today) file << line << '\n';
  }
  int releases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(RELEASED)) {
    std::ifstream file(entry.path());
    ++releases;
    int lines = 0;
    for (std::string line; std::getline(file, line); ++lines) {
      INFO(entry.path().filename() << ": " << line);
      CHECK(today.contains(line));
    }
    CHECK(lines > 100);
  }
  CHECK(releases > 0);
}
