#include "agent/noded/machine/before.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/trust/pki.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace kagent::noded {
namespace {

bool kept_elsewhere(const std::string& path) {
  return path.starts_with("/run/") || path.starts_with(std::string(paths::noded_state) + "/") ||
         path.starts_with(std::string(paths::agent_state) + "/");
}

// Does not follow a link in place of the folder: a user's link might lead anywhere.
Result<> remove_here(const std::filesystem::path& path) {
  const int folder = ::open(path.parent_path().c_str(), O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return errno_error(errno, "opening " + path.parent_path().string());
  const int status = ::unlinkat(folder, path.filename().c_str(), 0);
  const int error = errno;
  ::close(folder);
  if (status != 0 && error != ENOENT) return errno_error(error, "removing " + path.string());
  return {};
}

}  // namespace

Before::Before(std::filesystem::path root, std::filesystem::path record)
    : root_(std::move(root)), record_(std::move(record)) {}

std::filesystem::path Before::at(const std::string& path) const {
  return root_ / std::filesystem::path(path).relative_path();
}

Result<> Before::writing(const std::string& path, std::string_view content) {
  if (kept_elsewhere(path)) return {};
  auto record = record_.load();
  if (!record) return record.error();
  const std::string hash = pki::sha256_hex(content);
  const auto [entry, first] = record->files.try_emplace(path);
  FileWas& file = entry->second;
  if (!first && !file.ours.empty() && file.ours.front() == hash) return {};
  struct stat status {};
  if (first && ::stat(at(path).c_str(), &status) == 0) {
    auto was = read_file(at(path), largest_record);
    if (!was) return was.error();
    file.was_there = true;
    file.content = std::move(*was);
    file.mode = status.st_mode & 07777U;
    file.uid = status.st_uid;
    file.gid = status.st_gid;
  } else if (first) {
    std::error_code ignored;
    for (auto folder = std::filesystem::path(path).parent_path();
         folder.has_relative_path() && !std::filesystem::exists(at(folder.string()), ignored);
         folder = folder.parent_path())
      file.made_below = folder.string();
  }
  file.ours.insert(file.ours.begin(), hash);
  if (file.ours.size() > 2) file.ours.resize(2);
  return record_.save(*record);
}

Result<bool> Before::wrote(const std::string& path, std::string_view content) const {
  const auto record = record_.load();
  if (!record) return record.error();
  const auto file = record->files.find(path);
  return file != record->files.end() && file->second.is_ours(content);
}

Result<bool> Before::surveyed() const {
  const auto record = record_.load();
  if (!record) return record.error();
  return record->survey.has_value();
}

Result<> Before::keep(Survey survey) {
  auto record = record_.load();
  if (!record) return record.error();
  if (record->survey) return {};
  record->survey = std::move(survey);
  return record_.save(*record);
}

Result<std::optional<Before::Survey>> Before::survey() const {
  auto record = record_.load();
  if (!record) return record.error();
  return std::move(record->survey);
}

FileBack Before::way_back(const std::string& path, const FileWas& file) const {
  FileBack back;
  back.path = path;
  const auto now = read_file(at(path), largest_record);
  if (!now && now.error().code() == Errc::not_found) {
    back.how = file.was_there ? FileBack::How::restore : FileBack::How::nothing;
  } else if (now && file.was_there && *now == file.content) {
    back.how = FileBack::How::nothing;
  } else if (now && file.is_ours(*now)) {
    back.how = file.was_there ? FileBack::How::restore : FileBack::How::remove;
  } else {
    back.how = FileBack::How::leave;
  }
  // Somebody who owns the folder may put links where root is about to write.
  struct stat folder {};
  const auto parent = at(path).parent_path();
  if (back.how == FileBack::How::restore && ::lstat(parent.c_str(), &folder) == 0 &&
      folder.st_uid != ::geteuid())
    back.how = FileBack::How::leave;
  return back;
}

Result<std::vector<FileBack>> Before::files() const {
  const auto record = record_.load();
  if (!record) return record.error();
  std::vector<FileBack> all;
  for (const auto& [path, file] : record->files) all.push_back(way_back(path, file));
  return all;
}

Result<> Before::put_back(const FileBack& wanted) {
  const auto record = record_.load();
  if (!record) return record.error();
  const auto found = record->files.find(wanted.path);
  if (found == record->files.end()) return {};
  const FileWas& file = found->second;
  const auto path = at(wanted.path);
  if (wanted.how == FileBack::How::restore) {
    if (auto written = write_file_atomic(path, file.content, file.mode); !written) return written;
    if (::chown(path.c_str(), file.uid, file.gid) != 0) return errno_error(errno, wanted.path);
  }
  if (wanted.how != FileBack::How::remove) return {};
  if (auto removed = remove_here(path); !removed) return removed;
  if (file.made_below.empty()) return {};
  const auto last = std::filesystem::path(file.made_below).parent_path();
  for (auto folder = std::filesystem::path(wanted.path).parent_path(); folder != last;
       folder = folder.parent_path())
    if (::rmdir(at(folder.string()).c_str()) != 0) break;  // the folder is not empty
  return {};
}

Result<> Before::forget() {
  return record_.remove();
}

std::vector<std::string> added(const std::vector<std::string>& was,
                               const std::vector<std::string>& now) {
  std::vector<std::string> fresh;
  for (const auto& name : now)
    if (std::ranges::find(was, name) == was.end()) fresh.push_back(name);
  return fresh;
}

std::vector<std::string> entries_of(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error))
    names.push_back(i->path().filename().string());
  std::ranges::sort(names);
  return names;
}

}  // namespace kagent::noded
