#include "agent/kagentd/sequence/progress_file.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/trust/pki.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace kagent::kagentd {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::system_clock;
using OptionalTime = std::optional<system_clock::time_point>;

// The first line is "kagentd-journal FORMAT SHA256". The rest is JSON, and SHA256 is its hash.
constexpr std::string_view magic = "kagentd-journal ";
constexpr std::string_view format = "1";

json time_to_json(const OptionalTime& at) {
  if (!at) return nullptr;
  return std::chrono::duration_cast<milliseconds>(at->time_since_epoch()).count();
}

OptionalTime time_from_json(const json& value) {
  if (value.is_null()) return {};
  return system_clock::time_point(milliseconds(value.get<std::int64_t>()));
}

json failure_to_json(const Failure& failure) {
  json value;
  value["id"] = failure.id.text();
  value["message"] = failure.message;
  value["remedy"] = failure.remedy;
  value["journal"] = failure.journal;
  return value;
}

Failure failure_from_json(const json& value) {
  Failure failure;
  failure.id = CauseId::received(value.at("id").get<std::string>());
  failure.message = value.at("message").get<std::string>();
  failure.remedy = value.at("remedy").get<std::string>();
  failure.journal = value.at("journal").get<std::vector<std::string>>();
  return failure;
}

json to_json(const Progress& progress, const std::string& node_id) {
  json body;
  body["node"] = node_id;
  body["assignmentSerial"] = progress.assignment_serial;
  body["steps"] = json::object();
  for (const auto& [name, record] : progress.records) {
    json& step = body["steps"][name];
    step["attempts"] = record.attempts;
    step["spent"] = record.spent;
    if (record.failure) step["failure"] = failure_to_json(*record.failure);
  }
  body["runs"] = json::object();
  for (const auto& [name, run] : progress.runs) {
    json& last = body["runs"][name];
    last["started"] = time_to_json(run.started);
    last["finished"] = time_to_json(run.finished);
    last["unit"] = run.unit;
    last["invocation"] = run.invocation_id;
  }
  return body;
}

Progress from_json(const json& body) {
  Progress progress;
  progress.assignment_serial = body.at("assignmentSerial").get<std::uint64_t>();
  for (const auto& [name, step] : body.at("steps").items()) {
    StepRecord record;
    record.attempts = step.at("attempts").get<unsigned>();
    record.spent = step.at("spent").get<unsigned>();
    if (step.contains("failure")) record.failure = failure_from_json(step.at("failure"));
    progress.records[name] = std::move(record);
  }
  for (const auto& [name, last] : body.at("runs").items()) {
    LastRun run;
    run.started = time_from_json(last.at("started"));
    run.finished = time_from_json(last.at("finished"));
    run.unit = last.at("unit").get<std::string>();
    run.invocation_id = last.at("invocation").get<std::string>();
    progress.runs[name] = std::move(run);
  }
  return progress;
}

}  // namespace

Result<Progress> ProgressFile::load() const {
  const auto text = read_file(file_);
  if (!text && text.error().code() == Errc::not_found) return Progress{};
  if (!text) return text.error();
  const std::string where = file_.string();
  const auto end = text->find('\n');
  const std::string_view header = std::string_view(*text).substr(0, end);
  if (end == std::string::npos || !header.starts_with(magic))
    return Error(Errc::data_loss, where + " is torn or empty");
  const std::string_view rest = header.substr(magic.size());
  const auto blank = rest.find(' ');
  if (blank == std::string_view::npos || rest.substr(0, blank) != format)
    return Error(Errc::failed_precondition, where + " is of another version of kagentd");
  const std::string_view body = std::string_view(*text).substr(end + 1);
  if (rest.substr(blank + 1) != pki::sha256_hex(body))
    return Error(Errc::data_loss, where + " is torn or was altered");
  try {
    const json parsed = json::parse(body);
    if (parsed.at("node").get<std::string>() != node_id_)
      return Error(Errc::failed_precondition, where + " is of another machine");
    return from_json(parsed);
  } catch (const json::exception& error) {
    return Error(Errc::data_loss, where + ": " + error.what());
  }
}

Result<> ProgressFile::save(const Progress& progress) const {
  // A unit may log any bytes: those that are not UTF-8 are replaced.
  const std::string body =
      to_json(progress, node_id_).dump(-1, ' ', false, json::error_handler_t::replace);
  const std::string text = fmt::format("{}{} {}\n{}", magic, format, pki::sha256_hex(body), body);
  return write_file_atomic(file_, text, 0600);
}

}  // namespace kagent::kagentd
