#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/registry/model.hpp"

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kagent::coordinator {

struct Caller;

// One decision about who may do what. Never holds a secret.
struct AuditEntry {
  AuditEntry(std::string_view event, const Caller& caller);

  std::string event;  // "enrol", "renew", "session", "administration", "approve", ...
  std::string actor;  // a node's id or an administrator's name; empty: unknown
  std::string address;
  std::string node;    // the node that the decision is about
  std::string reason;  // why it was refused
  std::vector<std::pair<std::string, std::string>> more;
};

// JSON lines, each written with one write(2) before the caller gets an answer: "audit" (the event),
// "outcome" (granted, refused), "time", "actor", "address", "node", "reason" and the fields of the
// event. Repeated refusals of one address for one node are one line a minute, with their number in
// "times", so that nobody can fill the disk.
class Audit {
 public:
  static constexpr std::chrono::seconds quiet{60};
  static constexpr std::size_t most_kinds = 256;

  // Appends to `file`, which is made with mode 0600. Empty: standard output, in a unit the journal.
  // Errors: io, permission_denied.
  static Result<Audit> open(const std::filesystem::path& file);
  Audit(Audit&& other) noexcept;
  Audit& operator=(Audit&&) = delete;
  ~Audit();

  // Errors: io, resource_exhausted: the line is not written, so the caller must not grant.
  Result<> granted(const AuditEntry& entry, Now now);
  // True: a line was written, so the caller should log the refusal too.
  bool refused(const AuditEntry& entry, Now now);
  // Writes lines that were held back for a minute, or all.
  void flush(Now now, bool all = false);
  // Call it after the file was moved away. Errors: as open().
  Result<> reopen();

 private:
  struct Held {
    AuditEntry entry;
    std::uint64_t times = 0;  // since the last line
    std::chrono::steady_clock::time_point written;
  };

  Audit(std::filesystem::path file, int descriptor);
  Result<> write(const AuditEntry& entry, std::string_view outcome, std::uint64_t times, Now now);

  std::filesystem::path file_;
  int descriptor_;
  std::map<std::string, Held> held_;
};

}  // namespace kagent::coordinator
