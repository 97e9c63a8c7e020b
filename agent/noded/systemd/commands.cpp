#include "agent/noded/systemd/commands.hpp"

#include "agent/common/base/event.hpp"
#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/base/pause.hpp"
#include "agent/noded/systemd/manager.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <map>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto grace = 30s;  // for systemd itself, in addition to a command's own limit

using Property = sdbus::Struct<std::string, sdbus::Variant>;
using AuxUnit = sdbus::Struct<std::string, std::vector<Property>>;
using ExecLine = sdbus::Struct<std::string, std::vector<std::string>, bool>;

uint64_t microseconds(std::chrono::seconds duration) {
  return static_cast<uint64_t>(std::chrono::microseconds(duration).count());
}

Result<std::vector<ExecLine>> exec_lines(const Command& command) {
  std::vector<ExecLine> lines;
  for (Command::Argv argv : command.lines) {
    auto program = find_program(argv.front());
    if (!program) return program.error();
    lines.emplace_back(*program, std::move(argv), false);
  }
  return lines;
}

std::vector<Property> transient_properties(const Command& command, std::vector<ExecLine> lines,
                                           const std::string& output) {
  const auto text = [](std::string value) { return sdbus::Variant(std::move(value)); };
  std::vector<Property> properties{
      {"Description", text("kagent: " + command.lines.front().front())},
      {"Type", text("oneshot")},
      {"CollectMode", text("inactive-or-failed")},
      // Without a reference systemd would drop a failed unit before we read its result.
      {"AddRef", sdbus::Variant(true)},
      {"TimeoutStartUSec", sdbus::Variant(microseconds(command.limit))},
      {"TimeoutStopUSec", sdbus::Variant(microseconds(10s))},
      {"Environment", sdbus::Variant(std::vector<std::string>{"PATH=" + std::string(search_path),
                                                              "HOME=/root", "LC_ALL=C"})},
      {"WorkingDirectory", text("/")},
      {"LimitCORE", sdbus::Variant(uint64_t{0})},  // kubeadm holds tokens in memory
      {"ExecStart", sdbus::Variant(std::move(lines))},
  };
  if (command.capture) {
    properties.emplace_back("StandardOutputFileToAppend", text(output));
    properties.emplace_back("StandardError", text("journal"));
    properties.emplace_back("UMask", sdbus::Variant(uint32_t{077}));
  }
  return properties;
}

// A cancelled wait returns an Error. Steps must not take that Error for a failed command.
asio::awaitable<void> throw_if_cancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
}

class SystemdCommands final : public Commands {
 public:
  SystemdCommands(asio::io_context& io, std::shared_ptr<SystemdManager> manager,
                  std::string output_folder)
      : io_(io), manager_(std::move(manager)), output_folder_(std::move(output_folder)) {}

  asio::awaitable<Result<UnitRun>> run(Command command) override {
    const std::string unit = command.unit;
    if (const auto other = runs_.find(unit); other != runs_.end()) {
      auto shared = other->second;
      co_await shared->done.wait();
      co_await throw_if_cancelled();
      co_return *shared->result;
    }
    auto shared = std::make_shared<SharedRun>(io_);
    runs_[unit] = shared;
    auto result = co_await run_alone(std::move(command));
    shared->result = result;
    runs_.erase(unit);
    shared->done.set();
    co_await throw_if_cancelled();
    co_return result;
  }

  asio::awaitable<Result<std::optional<UnitRun>>> adopt(std::string unit) override {
    auto adopted = co_await follow_running(std::move(unit));
    co_await throw_if_cancelled();
    co_return adopted;
  }

 private:
  struct SharedRun {
    explicit SharedRun(asio::io_context& io) : done(io.get_executor()) {}
    Event done;
    std::optional<Result<UnitRun>> result;
  };

  asio::awaitable<Result<std::optional<UnitRun>>> follow_running(std::string unit) {
    auto path = co_await manager_->find("GetUnit", unit);
    if (!path && path.error().code() == Errc::not_found) co_return std::optional<UnitRun>{};
    if (!path) co_return path.error();
    auto properties = co_await manager_->properties(*path, unit_interface);
    if (!properties) co_return properties.error();
    if (!SystemdManager::state_of(*properties).alive()) co_return std::optional<UnitRun>{};
    log::info("{} is already running; waiting for its end", unit);
    auto referenced = co_await manager_->call("RefUnit", unit);
    if (!referenced) log::debug("RefUnit {}: {}", unit, referenced.error().message());
    auto followed = co_await follow(unit, std::string(), 1h);
    if (!followed) co_return followed.error();
    auto run = co_await collect(unit);
    if (!run) co_return run.error();
    co_return std::optional<UnitRun>{std::move(*run)};
  }

  asio::awaitable<Result<UnitRun>> run_alone(Command command) {
    auto lines = exec_lines(command);
    if (!lines) co_return lines.error();
    const std::string output = output_folder_ + "/" + command.unit + ".out";
    if (command.capture)
      if (auto removed = remove_file(output); !removed) co_return removed.error();
    const auto properties = transient_properties(command, std::move(*lines), output);

    const auto expecting = manager_->jobs().expect();
    auto job = co_await start_transient(command.unit, properties);
    if (!job && job.error().code() == Errc::already_exists) {
      auto adopted = co_await follow_running(command.unit);
      if (!adopted) co_return adopted.error();
      if (!adopted->has_value()) co_return job.error();
      UnitRun run = std::move(**adopted);
      if (command.capture) take_output(output, run);
      co_return run;
    }
    if (!job) co_return job.error().context("starting " + command.unit);
    auto followed = co_await follow(command.unit, *job, command.limit + grace);
    if (!followed) co_return followed.error();
    auto run = co_await collect(command.unit);
    if (run && command.capture) take_output(output, *run);
    co_return run;
  }

  // Clears away a unit of this name that has ended. Errors: already_exists if such a unit is
  // running.
  asio::awaitable<Result<std::string>> start_transient(std::string unit,
                                                       std::vector<Property> properties) {
    const std::string mode = "fail";
    const std::vector<AuxUnit> none;
    for (int tries = 0;; ++tries) {
      auto reply = co_await manager_->call("StartTransientUnit", unit, mode, properties, none);
      auto path = dbus::read<sdbus::ObjectPath>(std::move(reply));
      if (path) co_return std::string(*path);
      if (path.error().code() != Errc::already_exists || tries == 40) co_return path.error();
      auto now = co_await is_alive(unit);
      if (now && *now) co_return path.error();
      auto ignored = co_await manager_->call("ResetFailedUnit", unit);
      co_await pause(50ms);
    }
  }

  // Returns when the unit has no job. `job` is the path of its job, "" if unknown.
  asio::awaitable<Result<>> follow(std::string unit, std::string job,
                                   std::chrono::steady_clock::duration limit) {
    const auto expecting = manager_->jobs().expect();
    for (;;) {
      if (job.empty()) {
        auto current = co_await current_job(unit);
        if (!current) co_return current.error();
        if (current->empty()) co_return Result<>{};
        job = std::move(*current);
      }
      auto result = co_await manager_->jobs().wait(job, limit);
      if (!result) co_return result.error().context("waiting for " + unit);
      if (*result != Jobs::again) co_return Result<>{};
      job.clear();
    }
  }

  asio::awaitable<Result<bool>> is_alive(std::string unit) {
    auto path = co_await manager_->find("LoadUnit", unit);
    if (!path) co_return path.error();
    auto properties = co_await manager_->properties(*path, unit_interface);
    if (!properties) co_return properties.error();
    co_return SystemdManager::state_of(*properties).alive();
  }

  asio::awaitable<Result<std::string>> current_job(std::string unit) {
    auto path = co_await manager_->find("GetUnit", unit);
    if (!path && path.error().code() == Errc::not_found) co_return std::string{};
    if (!path) co_return path.error();
    auto properties = co_await manager_->properties(*path, unit_interface);
    if (!properties) co_return properties.error();
    using Job = sdbus::Struct<uint32_t, sdbus::ObjectPath>;
    const auto job = property<Job>(*properties, "Job");
    co_return job.get<0>() == 0 ? std::string{} : std::string(job.get<1>());
  }

  // Reads how an ended unit ended, then gives back the reference that AddRef took.
  asio::awaitable<Result<UnitRun>> collect(std::string unit) {
    auto path = co_await manager_->find("GetUnit", unit);
    if (!path) co_return path.error().context("asking how " + unit + " ended");
    auto service = co_await manager_->properties(*path, service_interface);
    if (!service) co_return service.error();
    auto general = co_await manager_->properties(*path, unit_interface);
    if (!general) co_return general.error();
    UnitRun run;
    run.unit = unit;
    run.invocation_id = SystemdManager::state_of(*general).invocation_id;
    run.result = property<std::string>(*service, "Result");
    run.exit_status = property<int32_t>(*service, "ExecMainStatus");
    auto ignored = co_await manager_->call("UnrefUnit", unit);
    co_return run;
  }

  static void take_output(const std::string& path, UnitRun& run) {
    auto output = read_file(path);
    if (output) run.output = std::move(*output);
    if (auto removed = remove_file(path); !removed)
      log::warning("{}: {}", path, removed.error().message());
  }

  asio::io_context& io_;
  std::shared_ptr<SystemdManager> manager_;
  std::string output_folder_;
  std::map<std::string, std::shared_ptr<SharedRun>> runs_;
};

}  // namespace

std::unique_ptr<Commands> make_commands(asio::io_context& io,
                                        std::shared_ptr<SystemdManager> manager,
                                        std::string output_folder) {
  return std::make_unique<SystemdCommands>(io, std::move(manager), std::move(output_folder));
}

}  // namespace kagent::noded
