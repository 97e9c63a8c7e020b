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

namespace kagent::noded {

class SystemdManager;

// A command that runs as a transient unit of its own, Type=oneshot. Any user can read the unit's
// argv over D-Bus: pass secrets in files.
struct Command {
  using Argv = std::vector<std::string>;

  Command(std::string unit_name, Argv argv, std::chrono::seconds time_limit);
  Command(std::string unit_name, std::vector<Argv> argvs, std::chrono::seconds time_limit);
  // Standard output goes to UnitRun::output instead of the journal.
  static Command capturing(std::string unit_name, Argv argv, std::chrono::seconds time_limit);

  std::string unit;            // "kagent-init.service"
  std::vector<Argv> lines;     // run in this order until one fails; a program without a folder is
                               // looked up in search_path
  std::chrono::seconds limit;  // systemd then stops the unit, and the result is "timeout"
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

// Runs commands. Both functions wait for the end of the unit: at most the command's limit (adopt:
// an hour) plus half a minute for systemd itself. A command that fails is no Error: see
// UnitRun::ok(). Errors: unavailable (no bus), not_found (no such program), deadline_exceeded, io.
// Cancelling the caller's coroutine throws operation_aborted and leaves the unit running.
class Commands {
 public:
  virtual ~Commands() = default;

  // If a unit of this name runs already, started by this process or by an earlier one, run() waits
  // for that unit instead.
  virtual boost::asio::awaitable<Result<UnitRun>> run(Command command) = 0;
  // Waits for a unit that runs already. Returns nothing if there is none.
  virtual boost::asio::awaitable<Result<std::optional<UnitRun>>> adopt(std::string unit) = 0;
};

std::unique_ptr<Commands> make_commands(boost::asio::io_context& io,
                                        std::shared_ptr<SystemdManager> manager,
                                        std::string output_folder);

// PATH of every command.
inline constexpr std::string_view search_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Full path of a program in search_path. Errors: not_found.
Result<std::string> find_program(const std::string& name);

}  // namespace kagent::noded
