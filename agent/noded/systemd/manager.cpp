#include "agent/noded/systemd/manager.hpp"

#include "agent/common/base/log.hpp"

#include <fmt/format.h>

namespace kagent::noded {
namespace asio = boost::asio;

namespace {

constexpr char systemd[] = "org.freedesktop.systemd1";

std::string invocation_id(const Variants& unit) {
  std::string id;
  for (const auto byte : property<std::vector<std::uint8_t>>(unit, "InvocationID"))
    id += fmt::format("{:02x}", byte);
  return id == std::string(32, '0') ? std::string{} : id;
}

}  // namespace

SystemdManager::SystemdManager(asio::io_context& io, dbus::Connection& connection)
    : connection_(connection),
      proxy_(sdbus::createProxy(connection.bus(), systemd, "/org/freedesktop/systemd1")),
      jobs_(io) {
  proxy_->uponSignal("JobRemoved")
      .onInterface(interface)
      .call([this](const std::uint32_t&, const sdbus::ObjectPath& job, const std::string&,
                   const std::string& result) { jobs_.removed(job, result); });
  proxy_->finishRegistration();
  // A systemd that re-executed, or connected to the bus again, has lost its subscribers.
  owner_changed_ = connection.bus().addMatch(
      "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
      "member='NameOwnerChanged',arg0='org.freedesktop.systemd1'",
      [this](sdbus::Message&) {
        subscribe();
        jobs_.ask_again();
      });
  subscribe();
}

asio::awaitable<Result<sdbus::ObjectPath>> SystemdManager::find(std::string method,
                                                                std::string unit) {
  auto reply = co_await call(method, unit);
  co_return dbus::read<sdbus::ObjectPath>(std::move(reply));
}

asio::awaitable<Result<Variants>> SystemdManager::properties(sdbus::ObjectPath path,
                                                             std::string of) {
  auto proxy = sdbus::createProxy(connection_.bus(), systemd, path);
  auto message = dbus::make_call(*proxy, "org.freedesktop.DBus.Properties", "GetAll", of);
  auto reply = co_await dbus::call(connection_, *proxy, std::move(message));
  co_return dbus::read<Variants>(std::move(reply));
}

UnitState SystemdManager::state_of(const Variants& unit) {
  UnitState state;
  state.load = property<std::string>(unit, "LoadState");
  state.active = property<std::string>(unit, "ActiveState");
  state.sub = property<std::string>(unit, "SubState");
  state.file = property<std::string>(unit, "UnitFileState");
  state.invocation_id = invocation_id(unit);
  state.drop_ins = property<std::vector<std::string>>(unit, "DropInPaths");
  return state;
}

void SystemdManager::subscribe() {
  proxy_->callMethodAsync("Subscribe")
      .onInterface(interface)
      .uponReplyInvoke([](const sdbus::Error* error) {
        if (error != nullptr && error->getName() != "org.freedesktop.systemd1.AlreadySubscribed")
          log::warning("subscribing to systemd: {}", error->getMessage());
      });
  connection_.rearm();
}

}  // namespace kagent::noded
