#pragma once

#include "agent/common/base/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::dbus {
class Connection;
}

namespace kagent::noded {

// A command as a transient unit of its own, Type=oneshot. Any user can read its argv over D-Bus:
// secrets go through files.
struct Command {
  using Argv = std::vector<std::string>;

  Command(std::string unit_name, Argv argv, std::chrono::seconds time_limit);
  Command(std::string unit_name, std::vector<Argv> argvs, std::chrono::seconds time_limit);
  // What its lines print to standard output comes back in UnitRun::output, not in the journal.
  static Command capturing(std::string unit_name, Argv argv, std::chrono::seconds time_limit);

  std::string unit;            // "kagent-init.service"
  std::vector<Argv> lines;     // one after the other until one fails; programs without a folder are
                               // looked up in the fixed PATH of units.cpp
  std::chrono::seconds limit;  // then systemd ends it, and its result is "timeout"
  bool capture = false;
};

struct UnitRun {
  std::string unit;
  std::string invocation_id;  // 32 hexadecimal digits
  std::string result;         // systemd's Result: "success", "exit-code", "timeout", "signal", ...
  int exit_status = 0;        // of the main process
  std::string output;         // of a capturing command

  [[nodiscard]] bool ok() const { return result == "success"; }
};

// org.freedesktop.systemd1(5): LoadState, ActiveState, SubState, UnitFileState.
struct UnitState {
  std::string load;    // "loaded", "not-found", "masked", ...
  std::string active;  // "active", "activating", "inactive", "failed", ...
  std::string sub;     // "running", "auto-restart", ...
  std::string file;    // "enabled", "disabled", "masked", ...
  std::string invocation_id;
  std::vector<std::string> drop_ins;

  // A oneshot that is at work, or a service that is up or starting.
  [[nodiscard]] bool alive() const;
};

enum class Verb { start, stop, restart, reload };

// org.freedesktop.timedate1(5).
struct ClockState {
  bool can_ntp = false;  // a service is installed that it knows: timesyncd, chrony, ...
  bool ntp = false;      // that service is enabled
  bool synchronised = false;
};

// The seam to systemd. Everything is waited for by JobRemoved, bounded by the command's limit (or
// 90 s) plus half a minute for systemd itself. Errors: unavailable (no bus), not_found (no such
// unit or program), deadline_exceeded, io.
class Units {
 public:
  virtual ~Units() = default;

  // Runs it to its end. One that runs already under this name, started by us or by an earlier
  // life of this daemon, is waited for instead. A command that fails is no Error: see
  // UnitRun::ok().
  virtual boost::asio::awaitable<Result<UnitRun>> run(Command command) = 0;
  // Waits for a transient unit that runs already; nothing if there is none.
  virtual boost::asio::awaitable<Result<std::optional<UnitRun>>> adopt(std::string unit) = 0;

  virtual boost::asio::awaitable<Result<UnitState>> state(std::string unit) = 0;
  virtual boost::asio::awaitable<Result<std::vector<std::string>>> loaded(std::string pattern) = 0;
  // Those that it Requires or Wants, as systemd has read them: what a boot would start with it.
  virtual boost::asio::awaitable<Result<std::vector<std::string>>> dependencies(
      std::string unit) = 0;

  // A job that ends otherwise than "done" is an Error that names its result.
  virtual boost::asio::awaitable<Result<>> job(Verb verb, std::string unit) = 0;
  virtual boost::asio::awaitable<Result<>> enable(std::string unit) = 0;
  virtual boost::asio::awaitable<Result<>> mask(std::string unit) = 0;

  // Static and current hostname, by systemd-hostnamed.
  virtual boost::asio::awaitable<Result<>> set_hostname(std::string name) = 0;

  // By systemd-timedated. Errors also: not_found (no timedated here).
  virtual boost::asio::awaitable<Result<ClockState>> clock() = 0;
  virtual boost::asio::awaitable<Result<>> turn_ntp_on() = 0;
};

// `output_folder` is private to root: what capturing commands print passes through it.
std::unique_ptr<Units> make_systemd_units(boost::asio::io_context& io, dbus::Connection& connection,
                                          std::string output_folder);

// PATH of every command.
inline constexpr std::string_view search_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Full path of a program in the PATH that units get. Errors: not_found.
Result<std::string> find_program(const std::string& name);

}  // namespace kagent::noded
