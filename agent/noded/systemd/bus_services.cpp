#include "agent/noded/systemd/bus_services.hpp"

#include "agent/common/dbus/connection.hpp"

#include <map>

namespace kagent::noded::bus_services {
namespace asio = boost::asio;

namespace {

constexpr char hostname1[] = "org.freedesktop.hostname1";
constexpr char timedate1[] = "org.freedesktop.timedate1";
constexpr char timedate1_path[] = "/org/freedesktop/timedate1";

}  // namespace

asio::awaitable<Result<>> set_hostname(dbus::Connection& connection, std::string name) {
  auto proxy = sdbus::createProxy(connection.bus(), hostname1, "/org/freedesktop/hostname1");
  for (const std::string method : {"SetStaticHostname", "SetHostname"}) {
    auto message = dbus::make_call(*proxy, hostname1, method, name, false);
    auto reply = co_await dbus::call(connection, *proxy, std::move(message));
    if (!reply) co_return reply.error().context(method);
  }
  co_return Result<>{};
}

asio::awaitable<Result<ClockState>> clock_state(dbus::Connection& connection) {
  auto proxy = sdbus::createProxy(connection.bus(), timedate1, timedate1_path);
  const std::string interface = timedate1;
  auto message = dbus::make_call(*proxy, "org.freedesktop.DBus.Properties", "GetAll", interface);
  auto reply = co_await dbus::call(connection, *proxy, std::move(message));
  auto properties = dbus::read<std::map<std::string, sdbus::Variant>>(std::move(reply));
  if (!properties) co_return properties.error();
  ClockState state;
  try {
    state.can_ntp = properties->at("CanNTP").get<bool>();
    state.ntp = properties->at("NTP").get<bool>();
    state.synchronised = properties->at("NTPSynchronized").get<bool>();
  } catch (const std::exception& error) {
    co_return Error(Errc::protocol, std::string(timedate1) + ": " + error.what());
  }
  co_return state;
}

asio::awaitable<Result<>> turn_ntp_on(dbus::Connection& connection) {
  auto proxy = sdbus::createProxy(connection.bus(), timedate1, timedate1_path);
  auto message = dbus::make_call(*proxy, timedate1, "SetNTP", true, false);
  auto reply = co_await dbus::call(connection, *proxy, std::move(message));
  if (!reply) co_return reply.error().context("SetNTP");
  co_return Result<>{};
}

}  // namespace kagent::noded::bus_services
