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

// One decision about who may what. No secret is ever put into one.
struct AuditEntry {
  AuditEntry(std::string_view event, const Caller& caller);

  std::string event;  // "enrol", "renew", "session", "administration", "approve", ...
  std::string actor;  // a node's id, an administrator's name; empty: nobody knows
  std::string address;
  std::string node;    // that it is about
  std::string reason;  // of a refusal
  std::vector<std::pair<std::string, std::string>> more;
};

// JSON lines, each written with one write(2) before the answer is given: "audit" (the event),
// "outcome" (granted, refused), "time", "actor", "address", "node", "reason", and what the event
// has more. What one address is refused again and again for one node is one line a minute, with
// "times": nobody fills the disk by knocking.
class Audit {
 public:
  static constexpr std::chrono::seconds quiet{60};
  static constexpr std::size_t most_kinds = 256;

  // `file`: appended to, made 0600. Empty: standard output, which is the journal in a unit. Errors:
  // io, permission_denied.
  static Result<Audit> open(const std::filesystem::path& file);
  Audit(Audit&& other) noexcept;
  Audit& operator=(Audit&&) = delete;
  ~Audit();

  // Errors: io, resource_exhausted: what is not written is not granted.
  Result<> granted(const AuditEntry& entry, Now now);
  // True: it has been written, and is worth a line in the log, too.
  bool refused(const AuditEntry& entry, Now now);
  // Writes what was held back for long enough, or all.
  void flush(Now now, bool all = false);
  // After its file was moved away. Errors: as open.
  Result<> reopen();

 private:
  struct Held {
    AuditEntry entry;
    std::uint64_t times = 0;  // since it was last written
    std::chrono::steady_clock::time_point written;
  };

  Audit(std::filesystem::path file, int descriptor);
  Result<> write(const AuditEntry& entry, std::string_view outcome, std::uint64_t times, Now now);

  std::filesystem::path file_;
  int descriptor_;
  std::map<std::string, Held> held_;
};

}  // namespace kagent::coordinator
