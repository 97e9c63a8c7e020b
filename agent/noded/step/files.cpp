#include "agent/noded/step/files.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/paths.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace kagent::noded {
namespace {

bool is_private(std::string_view path) {
  return std::ranges::any_of(
      std::array{paths::noded_run, paths::noded_state, paths::agent_state},
      [&](const std::string& folder) { return path.starts_with(folder + "/"); });
}

// Makes missing parents too. chmod: the mode must not depend on our umask.
Result<> make_folder(const std::filesystem::path& folder, mode_t mode) {
  if (::mkdir(folder.c_str(), mode) == 0)
    return ::chmod(folder.c_str(), mode) == 0 ? Result<>() : errno_error(errno, folder.string());
  if (errno == EEXIST) return {};
  if (errno != ENOENT) return errno_error(errno, "making " + folder.string());
  if (auto above = make_folder(folder.parent_path(), mode); !above) return above;
  return make_folder(folder, mode);
}

}  // namespace

std::string text_of(const Context& context, std::string_view path) {
  auto text = read_file(context.at(path), 64 << 20);
  return text ? std::move(*text) : std::string{};
}

bool differs(const Context& context, const FileWant& want) {
  const auto path = context.at(want.path);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 07777U) != want.mode) return true;
  const auto content = read_file(path);
  return !content || *content != want.content;
}

void need_files(const Context& context, const std::vector<FileWant>& wants, CheckResult& found) {
  for (const FileWant& want : wants)
    if (differs(context, want)) found.need("write " + want.path);
}

Result<> write_in_place(const Context& context, const FileWant& want) {
  if (context.before)
    if (auto kept = context.before->writing(want.path, want.content); !kept) return kept;
  const auto path = context.at(want.path);
  if (auto made = make_folder(path.parent_path(), is_private(want.path) ? 0700 : 0755); !made)
    return made;
  return write_file_atomic(path, want.content, want.mode);
}

Result<int> write_files(const Context& context, const std::vector<FileWant>& wants) {
  int written = 0;
  for (const FileWant& want : wants) {
    if (!differs(context, want)) continue;
    if (auto result = write_in_place(context, want); !result) return result.error();
    ++written;
  }
  return written;
}

}  // namespace kagent::noded
