#include "agent/daemon/unit_watch.hpp"

#include "agent/base/log.hpp"
#include "agent/dbus/connection.hpp"
#include "agent/dbus/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <map>
#include <vector>

namespace kagent::daemon {
namespace asio = boost::asio;

namespace {

constexpr char systemd_name[] = "org.freedesktop.systemd1";
constexpr char manager_path[] = "/org/freedesktop/systemd1";
constexpr char manager_interface[] = "org.freedesktop.systemd1.Manager";
constexpr char unit_interface[] = "org.freedesktop.systemd1.Unit";
constexpr char properties[] = "org.freedesktop.DBus.Properties";
// As systemd writes "kubelet.service" and "containerd.service" (sd_bus_path_encode(3)).
constexpr char kubelet_path[] = "/org/freedesktop/systemd1/unit/kubelet_2eservice";
constexpr char containerd_path[] = "/org/freedesktop/systemd1/unit/containerd_2eservice";

using Properties = std::map<std::string, sdbus::Variant>;

std::string text(const Properties& all, const char* name) {
  const auto found = all.find(name);
  if (found == all.end() || !found->second.containsValueOfType<std::string>()) return {};
  return found->second.get<std::string>();
}

}  // namespace

v1::UnitHealth health_of(const UnitState& state, bool configured) {
  if (state.load == "masked") return v1::UNIT_HEALTH_MASKED;
  if (state.load == "not-found") return v1::UNIT_HEALTH_MISSING;
  if (state.active == "active" || state.active == "reloading") return v1::UNIT_HEALTH_ACTIVE;
  if (state.active == "activating") {
    const bool again = state.sub.starts_with("auto-restart");
    return again && configured ? v1::UNIT_HEALTH_FAILED : v1::UNIT_HEALTH_WAITING;
  }
  if (state.active == "failed")
    return configured ? v1::UNIT_HEALTH_FAILED : v1::UNIT_HEALTH_WAITING;
  if (state.active == "inactive" || state.active == "deactivating") return v1::UNIT_HEALTH_STOPPED;
  return v1::UNIT_HEALTH_UNSPECIFIED;
}

class UnitWatch::Impl {
 public:
  Impl(asio::any_io_executor loop, dbus::Connection& connection, std::function<void()> changed)
      : loop_(loop), connection_(connection), changed_(std::move(changed)) {}

  Result<> start() {
    try {
      manager_ = sdbus::createProxy(connection_.bus(), systemd_name, manager_path);
      // Units appear and go with a reload; UnitFilesChanged is how a mask is told.
      for (const char* signal : {"Reloading", "UnitFilesChanged"})
        manager_->registerSignalHandler(manager_interface, signal,
                                        [this](sdbus::Signal&) { look_at_all(); });
      manager_->finishRegistration();
      for (Unit* unit : {&kubelet_, &runtime_}) {
        unit->proxy = sdbus::createProxy(connection_.bus(), systemd_name, unit->path);
        unit->proxy->registerSignalHandler(properties, "PropertiesChanged",
                                           [this, unit](sdbus::Signal&) { look_at(*unit); });
        unit->proxy->finishRegistration();
      }
    } catch (const sdbus::Error& error) {
      return dbus::from_dbus(error).context("watching units");
    }
    connection_.rearm();
    asio::co_spawn(loop_, subscribe(), asio::detached);
    look_at_all();
    return {};
  }

  struct Unit {
    const char* path;
    std::unique_ptr<sdbus::IProxy> proxy;
    UnitState state;
    bool looking = false, again = false;
  };
  Unit kubelet_{kubelet_path, {}, {}, false, false};
  Unit runtime_{containerd_path, {}, {}, false, false};

 private:
  // Without it systemd sends signals to nobody.
  asio::awaitable<void> subscribe() {
    auto message = dbus::make_call(*manager_, manager_interface, "Subscribe");
    auto reply = co_await dbus::call(connection_, *manager_, std::move(message));
    if (!reply) log::warning("systemd: Subscribe: {}", reply.error().message());
  }

  void look_at_all() {
    look_at(kubelet_);
    look_at(runtime_);
  }

  // One question at a time; what changes meanwhile is asked for once more.
  void look_at(Unit& unit) {
    unit.again = true;
    if (std::exchange(unit.looking, true)) return;
    asio::co_spawn(loop_, look(unit), asio::detached);
  }

  asio::awaitable<void> look(Unit& unit) {
    while (std::exchange(unit.again, false)) {
      const std::string interface = unit_interface;
      auto message = dbus::make_call(*unit.proxy, properties, "GetAll", interface);
      auto reply = co_await dbus::call(connection_, *unit.proxy, std::move(message));
      auto all = dbus::read<Properties>(std::move(reply));
      if (!all) {
        log::debug("systemd: {}: {}", unit.path, all.error().message());
        continue;
      }
      UnitState state;
      state.load = text(*all, "LoadState");
      state.active = text(*all, "ActiveState");
      state.sub = text(*all, "SubState");
      const bool same = state.load == unit.state.load && state.active == unit.state.active &&
                        state.sub == unit.state.sub;
      unit.state = std::move(state);
      if (!same) changed_();
    }
    unit.looking = false;
  }

  asio::any_io_executor loop_;
  dbus::Connection& connection_;
  std::function<void()> changed_;
  std::unique_ptr<sdbus::IProxy> manager_;
};

UnitWatch::UnitWatch(asio::any_io_executor loop, dbus::Connection& connection,
                     std::function<void()> changed)
    : impl_(std::make_unique<Impl>(std::move(loop), connection, std::move(changed))) {}
UnitWatch::~UnitWatch() = default;

Result<> UnitWatch::start() {
  return impl_->start();
}
const UnitState& UnitWatch::kubelet() const {
  return impl_->kubelet_.state;
}
const UnitState& UnitWatch::runtime() const {
  return impl_->runtime_.state;
}

}  // namespace kagent::daemon
