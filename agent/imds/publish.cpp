#include "agent/imds/publish.hpp"

#include "agent/common/base/file.hpp"
#include "agent/imds/documents.hpp"

namespace kagent::imds {
namespace {

constexpr mode_t mode = 0640;

}  // namespace

Result<> publish(const std::filesystem::path& folder,
                 const std::map<std::string, std::string>& found) {
  if (auto removed = remove_file(folder / user_data); !removed) return removed;
  for (const auto& document : documents) {  // user-data is the last one
    const auto path = folder / document.name;
    const auto given = found.find(std::string(document.name));
    const auto done =
        given == found.end() ? remove_file(path) : write_file_atomic(path, given->second, mode);
    if (!done) return done;
  }
  return {};
}

}  // namespace kagent::imds
