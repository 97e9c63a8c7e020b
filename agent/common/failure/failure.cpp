#include "agent/common/failure/failure.hpp"

#include <ostream>

namespace kagent {

CauseId::CauseId(std::string_view step, StepCause cause) {
  text_.append(step).append(".").append(cause.what());
}

CauseId CauseId::received(std::string text) {
  CauseId id;
  id.text_ = std::move(text);
  return id;
}

CauseId CauseId::in(std::string_view step) const {
  std::string what = text_;
  if (const auto dot = what.find('.'); dot != std::string::npos) what[dot] = '-';
  return received(std::string(step) + "." + what);
}

bool operator==(const CauseId& id, std::string_view text) {
  return id.text() == text;
}

std::ostream& operator<<(std::ostream& out, const CauseId& id) {
  return out << id.text();
}

Failure failure_of(std::string_view step, const Error& error) {
  const auto failure = [&](StepCause cause, std::string remedy) {
    return Failure(CauseId(step, cause), error.message(), std::move(remedy));
  };
  switch (error.code()) {
    case Errc::not_installed:
      return failure("program-missing",
                     "Install it in the machine image; kagent tries again by itself.");
    case Errc::resource_exhausted:
      return failure("disk-full", "Make room on the node's disk; kagent tries again by itself.");
    case Errc::unavailable:
    case Errc::deadline_exceeded:
      return failure("no-systemd",
                     "systemd does not answer over D-Bus; see `systemctl status` and the journal.");
    default: return failure("error", journal_remedy(error));
  }
}

std::string journal_remedy(const Error& error) {
  std::string_view unit = error.unit().empty() ? "kagent-noded" : std::string_view(error.unit());
  if (unit.ends_with(".service")) unit.remove_suffix(std::string_view(".service").size());
  return "See `journalctl -u " + std::string(unit) + "` on the node.";
}

}  // namespace kagent
