#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/failure/catalogue.hpp"

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace kagent {

// The whole id of a cause, written as a literal. The compiler looks it up in the catalogue.
class Cause {
 public:
  consteval Cause(const char* id) : id_(id) {  // NOLINT(google-explicit-constructor)
    if (!is_known_cause(id_)) throw "this cause is not in the catalogue";
  }
  [[nodiscard]] constexpr std::string_view id() const { return id_; }

 private:
  std::string_view id_;
};

// The last part of the id of a cause that any step may have: "disk-full" of "*.disk-full".
class StepCause {
 public:
  consteval StepCause(const char* what) : what_(what) {  // NOLINT(google-explicit-constructor)
    if (!known(what_)) throw "the catalogue has no cause *.WHAT";
  }
  [[nodiscard]] constexpr std::string_view what() const { return what_; }

 private:
  static consteval bool known(std::string_view what) {
    for (const KnownCause& each : catalogue)
      if (each.id.starts_with("*.") && each.id.substr(2) == what) return true;
    return false;
  }

  std::string_view what_;
};

// The id of a cause: of the catalogue if this program made it, anything if it was received.
class CauseId {
 public:
  CauseId() = default;
  CauseId(Cause cause) : text_(cause.id()) {}  // NOLINT(google-explicit-constructor)
  CauseId(std::string_view step, StepCause cause);
  // From the bus, the network or a file, perhaps of another version.
  static CauseId received(std::string text);

  // The cause of a step that waits for another: "kubelet.swap" in "init" is "init.kubelet-swap".
  [[nodiscard]] CauseId in(std::string_view step) const;

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool is(Cause cause) const { return text_ == cause.id(); }
  bool operator==(const CauseId&) const = default;

 private:
  std::string text_;
};

bool operator==(const CauseId& id, std::string_view text);
std::ostream& operator<<(std::ostream& out, const CauseId& id);

// Why something failed, as people are told.
struct Failure {
  CauseId id;
  std::string message;               // one sentence
  std::string remedy;                // what to do about it
  std::vector<std::string> journal;  // last lines of that very run, oldest first

  Failure() = default;
  Failure(CauseId cause, std::string what_happened, std::string what_to_do)
      : id(std::move(cause)), message(std::move(what_happened)), remedy(std::move(what_to_do)) {}
  Failure(Cause cause, std::string what_happened, std::string what_to_do)
      : Failure(CauseId(cause), std::move(what_happened), std::move(what_to_do)) {}
  bool operator==(const Failure&) const = default;
};

// The cause of an error that a step met on its way: "<step>.program-missing", ".disk-full",
// ".no-systemd", else ".error".
Failure failure_of(std::string_view step, const Error& error);

// "See `journalctl -u UNIT` on the node.": the unit whose command failed, or kagent-noded.
std::string journal_remedy(const Error& error);

}  // namespace kagent
