#include "agent/kagentd/report/report.hpp"

#include "agent/common/base/text.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <string_view>

namespace kagent::kagentd {
namespace {

// A message is at most 1 MiB, and every step of a report may have failed.
constexpr std::size_t most_lines = 40;
constexpr std::size_t longest_line = 500;

v1::StepState wire_state(State state) {
  switch (state) {
    case State::pending: return v1::STEP_STATE_PENDING;
    case State::waiting: return v1::STEP_STATE_WAITING;
    case State::checking: return v1::STEP_STATE_CHECKING;
    case State::recording:
    case State::running: return v1::STEP_STATE_RUNNING;
    case State::retrying: return v1::STEP_STATE_RETRYING;
    case State::failed: return v1::STEP_STATE_FAILED;
    case State::done: return v1::STEP_STATE_DONE;
  }
  return v1::STEP_STATE_UNSPECIFIED;
}

}  // namespace

void put_failure(const Failure& failure, v1::Failure& told) {
  told.set_cause(wire_text(failure.id.text()));
  told.set_message(wire_text(failure.message));
  told.set_remedy(wire_text(failure.remedy));
  const std::size_t skip = failure.journal.size() - std::min(failure.journal.size(), most_lines);
  for (std::size_t i = skip; i < failure.journal.size(); ++i)
    told.add_journal(wire_text(failure.journal[i]));
}

void put_certificates(const std::vector<HeldCertificate>& held, v1::NodeReport& report) {
  for (const HeldCertificate& each : held) {
    v1::HeldCertificate& told = *report.add_certificates();
    told.set_file(wire_text(each.file));
    told.set_subject(wire_text(each.subject));
    told.set_use(each.use);
    *told.mutable_issued_at() = timestamp(each.not_before);
    *told.mutable_expires_at() = timestamp(each.not_after);
  }
}

google::protobuf::Timestamp timestamp(std::chrono::system_clock::time_point at) {
  return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(
      std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count());
}

std::string wire_text(std::string_view line) {
  line = line.substr(0, longest_line);
  std::string text;
  while (!line.empty()) {
    const std::size_t length = first_character(line).bytes;
    const bool control = static_cast<unsigned char>(line.front()) < 0x20;
    if (length == 0)
      text += '?';
    else
      text += control ? std::string_view(" ") : line.substr(0, length);
    line.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

std::vector<v1::StepStatus> step_statuses(const std::vector<StepView>& steps,
                                          const std::map<std::string, LastRun>& runs, Moment now) {
  std::vector<v1::StepStatus> statuses;
  for (const StepView& view : steps) {
    v1::StepStatus& status = statuses.emplace_back();
    status.set_name(view.name);
    status.set_state(wire_state(view.state));
    status.set_attempts(view.record.attempts);
    status.set_detail(wire_text(view.detail));
    status.set_drift(wire_text(view.drift));
    if (view.record.failure) put_failure(*view.record.failure, *status.mutable_failure());
    if (view.due && (view.state == State::retrying || view.state == State::failed))
      *status.mutable_next_attempt_at() =
          timestamp(now.wall + std::chrono::duration_cast<std::chrono::system_clock::duration>(
                                   *view.due - now.steady));
    const auto run = runs.find(view.name);
    if (run == runs.end()) continue;
    if (run->second.started) *status.mutable_started_at() = timestamp(*run->second.started);
    if (run->second.finished) *status.mutable_finished_at() = timestamp(*run->second.finished);
    status.set_unit(run->second.unit);
    status.set_invocation_id(run->second.invocation_id);
  }
  return statuses;
}

}  // namespace kagent::kagentd
