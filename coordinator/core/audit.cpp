#include "coordinator/core/audit.hpp"

#include "agent/common/base/log.hpp"
#include "coordinator/admission/peer.hpp"
#include "coordinator/core/convert.hpp"

#include <fcntl.h>
#include <google/protobuf/util/time_util.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <cerrno>

namespace kagent::coordinator {
namespace {

constexpr std::size_t longest_value = 512;

Result<int> open_file(const std::filesystem::path& file) {
  if (file.empty()) return STDOUT_FILENO;
  const int descriptor =
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return errno_error(errno, "opening the audit log " + file.string());
  return descriptor;
}

}  // namespace

AuditEntry::AuditEntry(std::string_view what, const Caller& caller)
    : event(what),
      actor(caller.local ? "admin socket" : caller.common_name),
      address(caller.local ? "" : caller.address) {}

Audit::Audit(std::filesystem::path file, int descriptor)
    : file_(std::move(file)), descriptor_(descriptor) {}

Audit::Audit(Audit&& other) noexcept
    : file_(std::move(other.file_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      held_(std::move(other.held_)) {}

Audit::~Audit() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
}

Result<Audit> Audit::open(const std::filesystem::path& file) {
  const auto descriptor = open_file(file);
  if (!descriptor) return descriptor.error();
  return Audit(file, *descriptor);
}

Result<> Audit::reopen() {
  if (file_.empty()) return {};
  const auto descriptor = open_file(file_);
  if (!descriptor) return descriptor.error();
  ::close(std::exchange(descriptor_, *descriptor));
  return {};
}

Result<> Audit::write(const AuditEntry& entry, std::string_view outcome, std::uint64_t times,
                      Now now) {
  nlohmann::ordered_json line;
  line["audit"] = entry.event;
  line["outcome"] = outcome;
  line["time"] = google::protobuf::util::TimeUtil::ToString(to_timestamp(now.wall));
  const auto put = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) line[name] = value.substr(0, longest_value);
  };
  put("actor", entry.actor);
  put("address", entry.address);
  put("node", entry.node);
  put("reason", entry.reason);
  for (const auto& [name, value] : entry.more) put(name, value);
  if (times > 1) line["times"] = times;
  const std::string text =
      line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
  const auto written = ::write(descriptor_, text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size())) return {};
  return errno_error(written < 0 ? errno : ENOSPC, "writing the audit log");
}

Result<> Audit::granted(const AuditEntry& entry, Now now) {
  auto written = write(entry, "granted", 1, now);
  if (!written) log::error("{}: {} is refused", written.error().message(), entry.event);
  return written;
}

bool Audit::refused(const AuditEntry& entry, Now now) {
  // Without the port, so that a new connection does not get a line of its own.
  std::string key =
      entry.event + " " + entry.address.substr(0, entry.address.rfind(':')) + " " + entry.node;
  if (held_.size() >= most_kinds && !held_.contains(key)) key = entry.event;
  const auto [found, first] = held_.try_emplace(key, Held{entry, 0, now.steady});
  Held& held = found->second;
  held.entry = entry;
  if (!first && now.steady - held.written < quiet) {
    ++held.times;
    return false;
  }
  if (auto written = write(entry, "refused", held.times + 1, now); !written)
    log::error("{}", written.error().message());
  held.times = 0;
  held.written = now.steady;
  return true;
}

void Audit::flush(Now now, bool all) {
  for (auto each = held_.begin(); each != held_.end();) {
    const Held& held = each->second;
    if (!all && now.steady - held.written < quiet) {
      ++each;
      continue;
    }
    if (held.times > 0) {
      if (auto written = write(held.entry, "refused", held.times, now); !written)
        log::error("{}", written.error().message());
    }
    each = held_.erase(each);
  }
}

}  // namespace kagent::coordinator
