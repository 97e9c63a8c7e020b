#include "agent/noded/machine/before.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/config/unpack.hpp"
#include "agent/common/trust/pki.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace kagent::noded {

using nlohmann::json;

struct Before::File {
  bool was_there = false;
  std::string content;  // the content before kagent
  mode_t mode = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string made_below;  // the topmost parent folder that did not exist
  std::vector<std::string>
      ours;  // SHA-256 of the last two contents that we wrote, the last one first
};

struct Before::Record {
  std::map<std::string, File> files;
  std::optional<Survey> survey;
};

namespace {

constexpr int version = 1;
constexpr std::size_t largest_record = 16 << 20;

bool kept_elsewhere(const std::string& path) {
  return path.starts_with("/run/") || path.starts_with(std::string(paths::noded_state) + "/") ||
         path.starts_with(std::string(paths::agent_state) + "/");
}

json to_json(const Before::Survey& survey) {
  json units = json::object();
  for (const auto& [name, unit] : survey.units) {
    json& was = units[name];
    was["enabled"] = unit.enabled;
    was["running"] = unit.running;
    was["masked"] = unit.masked;
  }
  json out;
  out["units"] = std::move(units);
  out["settings"] = survey.settings;
  out["folders"] = survey.folders;
  return out;
}

Before::Survey survey_from(const json& in) {
  Before::Survey survey;
  for (const auto& [name, was] : in.at("units").items()) {
    UnitWas& unit = survey.units[name];
    unit.enabled = was.at("enabled").get<bool>();
    unit.running = was.at("running").get<bool>();
    unit.masked = was.at("masked").get<bool>();
  }
  in.at("settings").get_to(survey.settings);
  in.at("folders").get_to(survey.folders);
  return survey;
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

Result<Before::Record> Before::load() const {
  const auto text = read_file(record_, largest_record);
  if (!text && text.error().code() == Errc::not_found) return Record{};
  if (!text) return text.error();
  try {
    const json in = json::parse(*text);
    if (in.at("version").get<int>() != version) throw json::other_error::create(0, "version", &in);
    Record record;
    for (const auto& [path, entry] : in.at("files").items()) {
      File& file = record.files[path];
      file.was_there = entry.at("was_there").get<bool>();
      file.mode = entry.at("mode").get<mode_t>();
      file.uid = entry.at("uid").get<uid_t>();
      file.gid = entry.at("gid").get<gid_t>();
      file.made_below = entry.at("made_below").get<std::string>();
      entry.at("ours").get_to(file.ours);
      const auto encoded = entry.at("content").get<std::string>();
      if (encoded.empty()) continue;
      auto content = config::decode_base64(encoded);
      if (!content) return content.error().context(record_.string());
      file.content = std::move(*content);
    }
    if (in.contains("survey")) record.survey = survey_from(in.at("survey"));
    return record;
  } catch (const json::exception& error) {
    return Error(Errc::data_loss, record_.string() + ": " + error.what());
  }
}

Result<> Before::save(const Record& record) const {
  json files = json::object();
  for (const auto& [path, file] : record.files) {
    json& entry = files[path];
    entry["was_there"] = file.was_there;
    entry["content"] = config::encode_base64(file.content);
    entry["mode"] = file.mode;
    entry["uid"] = file.uid;
    entry["gid"] = file.gid;
    entry["made_below"] = file.made_below;
    entry["ours"] = file.ours;
  }
  json out;
  out["version"] = version;
  out["files"] = std::move(files);
  if (record.survey) out["survey"] = to_json(*record.survey);
  return write_file_atomic(record_, out.dump(1), 0600);
}

Result<> Before::writing(const std::string& path, std::string_view content) {
  if (kept_elsewhere(path)) return {};
  auto record = load();
  if (!record) return record.error();
  const std::string hash = pki::sha256_hex(content);
  const auto [entry, first] = record->files.try_emplace(path);
  File& file = entry->second;
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
  return save(*record);
}

Result<bool> Before::wrote(const std::string& path, std::string_view content) const {
  const auto record = load();
  if (!record) return record.error();
  const auto file = record->files.find(path);
  return file != record->files.end() && is_ours(file->second, content);
}

Result<bool> Before::surveyed() const {
  const auto record = load();
  if (!record) return record.error();
  return record->survey.has_value();
}

Result<> Before::keep(Survey survey) {
  auto record = load();
  if (!record) return record.error();
  if (record->survey) return {};
  record->survey = std::move(survey);
  return save(*record);
}

Result<std::optional<Before::Survey>> Before::survey() const {
  auto record = load();
  if (!record) return record.error();
  return std::move(record->survey);
}

bool Before::is_ours(const File& file, std::string_view content) {
  return std::ranges::find(file.ours, pki::sha256_hex(content)) != file.ours.end();
}

FileBack Before::way_back(const std::string& path, const File& file) const {
  FileBack back;
  back.path = path;
  const auto now = read_file(at(path), largest_record);
  if (!now && now.error().code() == Errc::not_found) {
    back.how = file.was_there ? FileBack::How::restore : FileBack::How::nothing;
  } else if (now && file.was_there && *now == file.content) {
    back.how = FileBack::How::nothing;
  } else if (now && is_ours(file, *now)) {
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
  const auto record = load();
  if (!record) return record.error();
  std::vector<FileBack> all;
  for (const auto& [path, file] : record->files) all.push_back(way_back(path, file));
  return all;
}

Result<> Before::put_back(const FileBack& wanted) {
  const auto record = load();
  if (!record) return record.error();
  const auto found = record->files.find(wanted.path);
  if (found == record->files.end()) return {};
  const File& file = found->second;
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
  return remove_file(record_);
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
