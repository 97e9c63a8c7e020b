#include "agent/noded/systemd/units.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/base/pause.hpp"
#include "agent/common/dbus/connection.hpp"
#include "agent/noded/systemd/bus_services.hpp"
#include "agent/noded/systemd/jobs.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <map>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char systemd[] = "org.freedesktop.systemd1";
constexpr char manager_path[] = "/org/freedesktop/systemd1";
constexpr char manager_interface[] = "org.freedesktop.systemd1.Manager";
constexpr char unit_interface[] = "org.freedesktop.systemd1.Unit";
constexpr char service_interface[] = "org.freedesktop.systemd1.Service";
constexpr auto grace = 30s;  // for systemd itself, over a command's own limit
constexpr auto job_limit = 90s;

using Variants = std::map<std::string, sdbus::Variant>;
using Property = sdbus::Struct<std::string, sdbus::Variant>;
using AuxUnit = sdbus::Struct<std::string, std::vector<Property>>;
using ExecLine = sdbus::Struct<std::string, std::vector<std::string>, bool>;
using ListedUnit =
    sdbus::Struct<std::string, std::string, std::string, std::string, std::string, std::string,
                  sdbus::ObjectPath, uint32_t, std::string, sdbus::ObjectPath>;

template <class T>
T get(const Variants& variants, const std::string& name) {
  const auto found = variants.find(name);
  if (found == variants.end()) return {};
  try {
    return found->second.get<T>();
  } catch (const sdbus::Error&) {
    return {};
  }
}

std::string invocation_id(const Variants& unit) {
  std::string id;
  for (const auto byte : get<std::vector<uint8_t>>(unit, "InvocationID"))
    id += fmt::format("{:02x}", byte);
  return id == std::string(32, '0') ? std::string{} : id;
}

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
      // Or a failed one is gone before it can be asked why.
      {"AddRef", sdbus::Variant(true)},
      {"TimeoutStartUSec", sdbus::Variant(microseconds(command.limit))},
      {"TimeoutStopUSec", sdbus::Variant(microseconds(10s))},
      {"Environment", sdbus::Variant(std::vector<std::string>{"PATH=" + std::string(search_path),
                                                              "HOME=/root", "LC_ALL=C"})},
      {"WorkingDirectory", text("/")},
      {"LimitCORE", sdbus::Variant(uint64_t{0})},  // kubeadm holds tokens
      {"ExecStart", sdbus::Variant(std::move(lines))},
  };
  if (command.capture) {
    properties.emplace_back("StandardOutputFileToAppend", text(output));
    properties.emplace_back("StandardError", text("journal"));
    properties.emplace_back("UMask", sdbus::Variant(uint32_t{077}));
  }
  return properties;
}

class SystemdUnits final : public Units {
 public:
  SystemdUnits(asio::io_context& io, dbus::Connection& connection, std::string output_folder)
      : io_(io),
        connection_(connection),
        output_folder_(std::move(output_folder)),
        manager_(sdbus::createProxy(connection.bus(), systemd, manager_path)),
        jobs_(io) {
    manager_->uponSignal("JobRemoved")
        .onInterface(manager_interface)
        .call([this](const uint32_t&, const sdbus::ObjectPath& job, const std::string&,
                     const std::string& result) { jobs_.removed(job, result); });
    manager_->finishRegistration();
    // systemd re-executed, or its bus connection made anew: it has forgotten who listens.
    owner_changed_ = connection.bus().addMatch(
        "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
        "member='NameOwnerChanged',arg0='org.freedesktop.systemd1'",
        [this](sdbus::Message&) {
          subscribe();
          jobs_.ask_again();
        });
    subscribe();
  }

  asio::awaitable<Result<UnitRun>> run(Command command) override {
    const std::string unit = command.unit;
    if (const auto other = runs_.find(unit); other != runs_.end()) {
      auto shared = other->second;
      co_await wait(shared->done);
      co_return *shared->result;
    }
    auto shared = std::make_shared<SharedRun>(io_);
    runs_[unit] = shared;
    auto result = co_await run_alone(std::move(command));
    shared->result = result;
    runs_.erase(unit);
    shared->done.cancel();
    co_return result;
  }

  asio::awaitable<Result<std::optional<UnitRun>>> adopt(std::string unit) override {
    auto path = co_await object_path("GetUnit", unit);
    if (!path && path.error().code() == Errc::not_found) co_return std::optional<UnitRun>{};
    if (!path) co_return path.error();
    auto properties = co_await all_properties(*path, unit_interface);
    if (!properties) co_return properties.error();
    UnitState now;
    now.active = get<std::string>(*properties, "ActiveState");
    if (!now.alive()) co_return std::optional<UnitRun>{};
    log::info("{} runs already; waiting for its end", unit);
    auto referenced = co_await manager_call("RefUnit", unit);
    if (!referenced) log::debug("RefUnit {}: {}", unit, referenced.error().message());
    auto followed = co_await follow(unit, std::string(), std::chrono::hours(1));
    if (!followed) co_return followed.error();
    auto run = co_await collect(unit);
    if (!run) co_return run.error();
    co_return std::optional<UnitRun>{std::move(*run)};
  }

  asio::awaitable<Result<UnitState>> state(std::string unit) override {
    auto path = co_await object_path("LoadUnit", unit);
    if (!path) co_return path.error();
    auto properties = co_await all_properties(*path, unit_interface);
    if (!properties) co_return properties.error();
    UnitState state;
    state.load = get<std::string>(*properties, "LoadState");
    state.active = get<std::string>(*properties, "ActiveState");
    state.sub = get<std::string>(*properties, "SubState");
    state.file = get<std::string>(*properties, "UnitFileState");
    state.invocation_id = invocation_id(*properties);
    state.drop_ins = get<std::vector<std::string>>(*properties, "DropInPaths");
    co_return state;
  }

  asio::awaitable<Result<std::vector<std::string>>> loaded(std::string pattern) override {
    const std::vector<std::string> states;
    const std::vector<std::string> patterns{std::move(pattern)};
    auto reply = co_await manager_call("ListUnitsByPatterns", states, patterns);
    auto listed = dbus::read<std::vector<ListedUnit>>(std::move(reply));
    if (!listed) co_return listed.error();
    std::vector<std::string> names;
    for (const auto& unit : *listed)
      if (const std::string active = unit.get<3>(); active == "active" || active == "activating")
        names.push_back(unit.get<0>());
    co_return names;
  }

  asio::awaitable<Result<std::vector<std::string>>> dependencies(std::string unit) override {
    auto path = co_await object_path("LoadUnit", unit);
    if (!path) co_return path.error();
    auto properties = co_await all_properties(*path, unit_interface);
    if (!properties) co_return properties.error();
    auto names = get<std::vector<std::string>>(*properties, "Requires");
    for (auto& name : get<std::vector<std::string>>(*properties, "Wants"))
      names.push_back(std::move(name));
    co_return names;
  }

  asio::awaitable<Result<>> job(Verb verb, std::string unit) override {
    const std::string method = verb == Verb::start    ? "StartUnit"
                               : verb == Verb::stop   ? "StopUnit"
                               : verb == Verb::reload ? "ReloadUnit"
                                                      : "RestartUnit";
    const std::string mode = "replace";
    const auto expecting = jobs_.expect();
    auto reply = co_await manager_call(method, unit, mode);
    auto path = dbus::read<sdbus::ObjectPath>(std::move(reply));
    if (!path) co_return path.error().context(method + " " + unit);
    auto result = co_await jobs_.wait(*path, job_limit);
    if (!result) co_return result.error().context(method + " " + unit);
    if (*result == "done" || *result == Jobs::again) co_return Result<>{};
    co_return Error{Errc::io, fmt::format("{} {}: the job ended as \"{}\"", method, unit, *result)};
  }

  asio::awaitable<Result<>> enable(std::string unit) override {
    co_return co_await change_files("EnableUnitFiles", std::move(unit), false);
  }
  asio::awaitable<Result<>> mask(std::string unit) override {
    co_return co_await change_files("MaskUnitFiles", std::move(unit), true);
  }

  asio::awaitable<Result<>> set_hostname(std::string name) override {
    return bus_services::set_hostname(connection_, std::move(name));
  }
  asio::awaitable<Result<ClockState>> clock() override {
    return bus_services::clock_state(connection_);
  }
  asio::awaitable<Result<>> turn_ntp_on() override {
    return bus_services::turn_ntp_on(connection_);
  }

 private:
  struct SharedRun {
    explicit SharedRun(asio::io_context& io) : done(io, asio::steady_timer::time_point::max()) {}
    asio::steady_timer done;
    std::optional<Result<UnitRun>> result;
  };

  static asio::awaitable<void> wait(asio::steady_timer& timer) {
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  void subscribe() {
    manager_->callMethodAsync("Subscribe")
        .onInterface(manager_interface)
        .uponReplyInvoke([](const sdbus::Error* error) {
          if (error != nullptr && error->getName() != "org.freedesktop.systemd1.AlreadySubscribed")
            log::warning("subscribing to systemd: {}", error->getMessage());
        });
    connection_.rearm();
  }

  // No coroutine: arguments may be temporaries of the caller.
  template <class... Args>
  asio::awaitable<Result<sdbus::MethodReply>> manager_call(const std::string& method,
                                                           const Args&... args) {
    return dbus::call(connection_, *manager_,
                      dbus::make_call(*manager_, manager_interface, method, args...));
  }

  asio::awaitable<Result<sdbus::ObjectPath>> object_path(std::string method, std::string unit) {
    auto reply = co_await manager_call(method, unit);
    co_return dbus::read<sdbus::ObjectPath>(std::move(reply));
  }

  asio::awaitable<Result<Variants>> all_properties(sdbus::ObjectPath path, std::string interface) {
    auto proxy = sdbus::createProxy(connection_.bus(), systemd, path);
    auto message = dbus::make_call(*proxy, "org.freedesktop.DBus.Properties", "GetAll", interface);
    auto reply = co_await dbus::call(connection_, *proxy, std::move(message));
    co_return dbus::read<Variants>(std::move(reply));
  }

  asio::awaitable<Result<UnitRun>> run_alone(Command command) {
    auto lines = exec_lines(command);
    if (!lines) co_return lines.error();
    const std::string output = output_folder_ + "/" + command.unit + ".out";
    if (command.capture)
      if (auto removed = remove_file(output); !removed) co_return removed.error();
    const auto properties = transient_properties(command, std::move(*lines), output);

    const auto expecting = jobs_.expect();
    auto job = co_await start_transient(command.unit, properties);
    if (!job && job.error().code() == Errc::already_exists) {
      auto adopted = co_await adopt(command.unit);
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

  // already_exists: a unit of this name is at work. One that only lingers is cleared away.
  asio::awaitable<Result<std::string>> start_transient(std::string unit,
                                                       std::vector<Property> properties) {
    const std::string mode = "fail";
    const std::vector<AuxUnit> none;
    for (int tries = 0;; ++tries) {
      auto reply = co_await manager_call("StartTransientUnit", unit, mode, properties, none);
      auto path = dbus::read<sdbus::ObjectPath>(std::move(reply));
      if (path) co_return std::string(*path);
      if (path.error().code() != Errc::already_exists || tries == 40) co_return path.error();
      auto now = co_await state(unit);
      if (now && now->alive()) co_return path.error();
      auto ignored = co_await manager_call("ResetFailedUnit", unit);
      co_await pause(50ms);
    }
  }

  // Until the unit has no job: by its path if that is known, else by asking for it.
  asio::awaitable<Result<>> follow(std::string unit, std::string job,
                                   std::chrono::steady_clock::duration limit) {
    const auto expecting = jobs_.expect();
    for (;;) {
      if (job.empty()) {
        auto current = co_await current_job(unit);
        if (!current) co_return current.error();
        if (current->empty()) co_return Result<>{};
        job = std::move(*current);
      }
      auto result = co_await jobs_.wait(job, limit);
      if (!result) co_return result.error().context("waiting for " + unit);
      if (*result != Jobs::again) co_return Result<>{};
      job.clear();
    }
  }

  asio::awaitable<Result<std::string>> current_job(std::string unit) {
    auto path = co_await object_path("GetUnit", unit);
    if (!path && path.error().code() == Errc::not_found) co_return std::string{};
    if (!path) co_return path.error();
    auto properties = co_await all_properties(*path, unit_interface);
    if (!properties) co_return properties.error();
    using Job = sdbus::Struct<uint32_t, sdbus::ObjectPath>;
    const auto job = get<Job>(*properties, "Job");
    co_return job.get<0>() == 0 ? std::string{} : std::string(job.get<1>());
  }

  // JobRemoved says that it ended, Result how. The reference that AddRef took goes with it.
  asio::awaitable<Result<UnitRun>> collect(std::string unit) {
    auto path = co_await object_path("GetUnit", unit);
    if (!path) co_return path.error().context("asking how " + unit + " ended");
    auto service = co_await all_properties(*path, service_interface);
    if (!service) co_return service.error();
    auto general = co_await all_properties(*path, unit_interface);
    if (!general) co_return general.error();
    UnitRun run;
    run.unit = unit;
    run.invocation_id = invocation_id(*general);
    run.result = get<std::string>(*service, "Result");
    run.exit_status = get<int32_t>(*service, "ExecMainStatus");
    auto ignored = co_await manager_call("UnrefUnit", unit);
    co_return run;
  }

  static void take_output(const std::string& path, UnitRun& run) {
    auto output = read_file(path);
    if (output) run.output = std::move(*output);
    if (auto removed = remove_file(path); !removed)
      log::warning("{}: {}", path, removed.error().message());
  }

  asio::awaitable<Result<>> change_files(std::string method, std::string unit, bool force) {
    const std::vector<std::string> units{unit};
    auto reply = co_await manager_call(method, units, false, force);
    if (!reply) co_return reply.error().context(method + " " + unit);
    auto reloaded = co_await manager_call("Reload");
    if (!reloaded) co_return reloaded.error().context("daemon-reload");
    co_return Result<>{};
  }

  asio::io_context& io_;
  dbus::Connection& connection_;
  std::string output_folder_;
  std::unique_ptr<sdbus::IProxy> manager_;
  sdbus::Slot owner_changed_;
  Jobs jobs_;
  std::map<std::string, std::shared_ptr<SharedRun>> runs_;
};

}  // namespace

std::unique_ptr<Units> make_systemd_units(asio::io_context& io, dbus::Connection& connection,
                                          std::string output_folder) {
  return std::make_unique<SystemdUnits>(io, connection, std::move(output_folder));
}

}  // namespace kagent::noded
