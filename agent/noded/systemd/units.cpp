#include "agent/noded/systemd/manager.hpp"
#include "agent/noded/systemd/systemd.hpp"

#include <fmt/format.h>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto job_limit = 90s;

using ListedUnit =
    sdbus::Struct<std::string, std::string, std::string, std::string, std::string, std::string,
                  sdbus::ObjectPath, std::uint32_t, std::string, sdbus::ObjectPath>;

class SystemdUnits final : public Units {
 public:
  explicit SystemdUnits(std::shared_ptr<SystemdManager> manager) : manager_(std::move(manager)) {}

  asio::awaitable<Result<UnitState>> state(std::string unit) override {
    auto path = co_await manager_->find("LoadUnit", unit);
    if (!path) co_return path.error();
    auto properties = co_await manager_->properties(*path, unit_interface);
    if (!properties) co_return properties.error();
    co_return SystemdManager::state_of(*properties);
  }

  asio::awaitable<Result<std::vector<std::string>>> loaded(std::string pattern) override {
    const std::vector<std::string> states;
    const std::vector<std::string> patterns{std::move(pattern)};
    auto reply = co_await manager_->call("ListUnitsByPatterns", states, patterns);
    auto listed = dbus::read<std::vector<ListedUnit>>(std::move(reply));
    if (!listed) co_return listed.error();
    std::vector<std::string> names;
    for (const auto& unit : *listed)
      if (const std::string active = unit.get<3>(); active == "active" || active == "activating")
        names.push_back(unit.get<0>());
    co_return names;
  }

  asio::awaitable<Result<std::vector<std::string>>> dependencies(std::string unit) override {
    auto path = co_await manager_->find("LoadUnit", unit);
    if (!path) co_return path.error();
    auto properties = co_await manager_->properties(*path, unit_interface);
    if (!properties) co_return properties.error();
    auto names = property<std::vector<std::string>>(*properties, "Requires");
    for (auto& name : property<std::vector<std::string>>(*properties, "Wants"))
      names.push_back(std::move(name));
    co_return names;
  }

  asio::awaitable<Result<>> job(Verb verb, std::string unit) override {
    const std::string method = verb == Verb::start    ? "StartUnit"
                               : verb == Verb::stop   ? "StopUnit"
                               : verb == Verb::reload ? "ReloadUnit"
                                                      : "RestartUnit";
    const std::string mode = "replace";
    const auto expecting = manager_->jobs().expect();
    auto reply = co_await manager_->call(method, unit, mode);
    auto path = dbus::read<sdbus::ObjectPath>(std::move(reply));
    if (!path) co_return path.error().context(method + " " + unit);
    auto result = co_await manager_->jobs().wait(*path, job_limit);
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

 private:
  asio::awaitable<Result<>> change_files(std::string method, std::string unit, bool force) {
    const std::vector<std::string> units{unit};
    auto reply = co_await manager_->call(method, units, false, force);
    if (!reply) co_return reply.error().context(method + " " + unit);
    auto reloaded = co_await manager_->call("Reload");
    if (!reloaded) co_return reloaded.error().context("daemon-reload");
    co_return Result<>{};
  }

  std::shared_ptr<SystemdManager> manager_;
};

}  // namespace

bool UnitState::alive() const {
  return active == "active" || active == "activating" || active == "reloading" ||
         active == "deactivating";
}

Systemd connect_systemd(asio::io_context& io, dbus::Connection& connection,
                        std::string output_folder) {
  auto manager = std::make_shared<SystemdManager>(io, connection);
  Systemd systemd;
  systemd.units = std::make_shared<SystemdUnits>(manager);
  systemd.commands = make_commands(io, manager, std::move(output_folder));
  systemd.host = make_host(connection);
  return systemd;
}

}  // namespace kagent::noded
