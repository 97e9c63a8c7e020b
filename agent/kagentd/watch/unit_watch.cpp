#include "agent/kagentd/watch/unit_watch.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/dbus/connection.hpp"
#include "agent/common/dbus/error.hpp"

#include <boost/asio/awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

namespace kagent::kagentd {
namespace asio = boost::asio;

namespace {

constexpr char systemd_name[] = "org.freedesktop.systemd1";
constexpr char manager_path[] = "/org/freedesktop/systemd1";
constexpr char manager_interface[] = "org.freedesktop.systemd1.Manager";
constexpr char unit_interface[] = "org.freedesktop.systemd1.Unit";
constexpr char properties[] = "org.freedesktop.DBus.Properties";

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

UnitState worst_of(const std::vector<UnitState>& units) {
  for (const UnitState& unit : units)
    if (unit.active != "active") return unit;
  return units.empty() ? UnitState() : units.front();
}

std::string unit_path(std::string_view unit) {
  std::string path = "/org/freedesktop/systemd1/unit/";
  for (const unsigned char c : unit)
    path += std::isalnum(c) != 0 ? std::string(1, static_cast<char>(c)) : fmt::format("_{:02x}", c);
  return path;
}

class UnitWatch::Impl {
 public:
  Impl(Tasks& tasks, dbus::Connection& connection, std::function<void()> changed)
      : tasks_(tasks), connection_(connection), changed_(std::move(changed)) {}

  Result<> start() {
    try {
      manager_ = sdbus::createProxy(connection_.bus(), systemd_name, manager_path);
      // A reload adds and removes units; a mask only signals UnitFilesChanged.
      for (const char* signal : {"Reloading", "UnitFilesChanged"})
        manager_->registerSignalHandler(manager_interface, signal,
                                        [this](sdbus::Signal&) { look_at_all(); });
      manager_->finishRegistration();
      kubelet_ = follow("kubelet.service");
      runtime_ = {follow("containerd.service")};
    } catch (const sdbus::Error& error) {
      return dbus::from_dbus(error).context("watching units");
    }
    connection_.rearm();
    tasks_.start(subscribe());
    look_at_all();
    return {};
  }

  Result<> follow_runtime(const std::vector<std::string>& units) {
    if (std::ranges::equal(units, runtime_, {}, {}, &Unit::name)) return {};
    std::vector<UnitPtr> runtime;
    try {
      for (const std::string& unit : units) runtime.push_back(follow(unit));
    } catch (const sdbus::Error& error) {
      return dbus::from_dbus(error).context("watching units");
    }
    runtime_ = std::move(runtime);
    connection_.rearm();
    look_at_all();
    return {};
  }

  [[nodiscard]] UnitState runtime() const {
    std::vector<UnitState> states;
    for (const UnitPtr& unit : runtime_) states.push_back(unit->state);
    return worst_of(states);
  }

  struct Unit {
    std::string name;
    std::unique_ptr<sdbus::IProxy> proxy;
    UnitState state;
    bool looking = false, again = false;
  };
  using UnitPtr = std::shared_ptr<Unit>;
  UnitPtr kubelet_ = std::make_shared<Unit>();

 private:
  // systemd sends signals only to subscribers.
  asio::awaitable<void> subscribe() {
    auto message = dbus::make_call(*manager_, manager_interface, "Subscribe");
    auto reply = co_await dbus::call(connection_, *manager_, std::move(message));
    if (!reply) log::warning("systemd: Subscribe: {}", reply.error().message());
  }

  UnitPtr follow(const std::string& name) {
    auto unit = std::make_shared<Unit>();
    unit->name = name;
    unit->proxy = sdbus::createProxy(connection_.bus(), systemd_name, unit_path(name));
    unit->proxy->registerSignalHandler(properties, "PropertiesChanged",
                                       [this, weak = std::weak_ptr(unit)](sdbus::Signal&) {
                                         if (const auto held = weak.lock()) look_at(held);
                                       });
    unit->proxy->finishRegistration();
    return unit;
  }

  void look_at_all() {
    look_at(kubelet_);
    for (const UnitPtr& unit : runtime_) look_at(unit);
  }

  // One call at a time. After a change in the meantime there is another call.
  void look_at(const UnitPtr& unit) {
    unit->again = true;
    if (std::exchange(unit->looking, true)) return;
    tasks_.start(look(unit));
  }

  asio::awaitable<void> look(UnitPtr unit) {
    while (std::exchange(unit->again, false)) {
      const std::string interface = unit_interface;
      auto message = dbus::make_call(*unit->proxy, properties, "GetAll", interface);
      auto reply = co_await dbus::call(connection_, *unit->proxy, std::move(message));
      auto all = dbus::read<Properties>(std::move(reply));
      if (!all) {
        log::debug("systemd: {}: {}", unit->name, all.error().message());
        continue;
      }
      UnitState state;
      state.load = text(*all, "LoadState");
      state.active = text(*all, "ActiveState");
      state.sub = text(*all, "SubState");
      const bool same = state.load == unit->state.load && state.active == unit->state.active &&
                        state.sub == unit->state.sub;
      unit->state = std::move(state);
      if (!same) changed_();
    }
    unit->looking = false;
  }

  Tasks& tasks_;
  dbus::Connection& connection_;
  std::function<void()> changed_;
  std::unique_ptr<sdbus::IProxy> manager_;
  std::vector<UnitPtr> runtime_;
};

UnitWatch::UnitWatch(Tasks& tasks, dbus::Connection& connection, std::function<void()> changed)
    : impl_(std::make_unique<Impl>(tasks, connection, std::move(changed))) {}
UnitWatch::~UnitWatch() = default;

Result<> UnitWatch::start() {
  return impl_->start();
}
Result<> UnitWatch::follow_runtime(const std::vector<std::string>& units) {
  return impl_->follow_runtime(units);
}
const UnitState& UnitWatch::kubelet() const {
  return impl_->kubelet_->state;
}
UnitState UnitWatch::runtime() const {
  return impl_->runtime();
}

}  // namespace kagent::kagentd
