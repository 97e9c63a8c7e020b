#include "agent/noded/machine/before_file.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/config/unpack.hpp"
#include "agent/common/trust/pki.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace kagent::noded {
namespace {

using nlohmann::json;

constexpr int version = 1;

json to_json(const Survey& survey) {
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

Survey survey_from(const json& in) {
  Survey survey;
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

}  // namespace

bool FileWas::is_ours(std::string_view content_now) const {
  return std::ranges::find(ours, pki::sha256_hex(content_now)) != ours.end();
}

Result<BeforeRecord> BeforeFile::load() const {
  const auto text = read_file(path_, largest_record);
  if (!text && text.error().code() == Errc::not_found) return BeforeRecord{};
  if (!text) return text.error();
  try {
    const json in = json::parse(*text);
    if (in.at("version").get<int>() != version) throw json::other_error::create(0, "version", &in);
    BeforeRecord record;
    for (const auto& [path, entry] : in.at("files").items()) {
      FileWas& file = record.files[path];
      file.was_there = entry.at("was_there").get<bool>();
      file.mode = entry.at("mode").get<mode_t>();
      file.uid = entry.at("uid").get<uid_t>();
      file.gid = entry.at("gid").get<gid_t>();
      file.made_below = entry.at("made_below").get<std::string>();
      entry.at("ours").get_to(file.ours);
      const auto encoded = entry.at("content").get<std::string>();
      if (encoded.empty()) continue;
      auto content = config::decode_base64(encoded);
      if (!content) return content.error().context(path_.string());
      file.content = std::move(*content);
    }
    if (in.contains("survey")) record.survey = survey_from(in.at("survey"));
    return record;
  } catch (const json::exception& error) {
    return Error(Errc::data_loss, path_.string() + ": " + error.what());
  }
}

Result<> BeforeFile::save(const BeforeRecord& record) const {
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
  return write_file_atomic(path_, out.dump(1), 0600);
}

Result<> BeforeFile::remove() {
  return remove_file(path_);
}

}  // namespace kagent::noded
