#include "agent/noded/systemd/host.hpp"

#include "agent/common/dbus/connection.hpp"

#include <map>

namespace kagent::noded {
namespace asio = boost::asio;

namespace {

constexpr char hostname1[] = "org.freedesktop.hostname1";
constexpr char timedate1[] = "org.freedesktop.timedate1";
constexpr char timedate1_path[] = "/org/freedesktop/timedate1";

class BusHost final : public Host {
 public:
  explicit BusHost(dbus::Connection& connection) : connection_(connection) {}

  asio::awaitable<Result<>> set_hostname(std::string name) override {
    auto proxy = sdbus::createProxy(connection_.bus(), hostname1, "/org/freedesktop/hostname1");
    for (const std::string method : {"SetStaticHostname", "SetHostname"}) {
      auto message = dbus::make_call(*proxy, hostname1, method, name, false);
      auto reply = co_await dbus::call(connection_, *proxy, std::move(message));
      if (!reply) co_return reply.error().context(method);
    }
    co_return Result<>{};
  }

  asio::awaitable<Result<ClockState>> clock() override {
    auto proxy = sdbus::createProxy(connection_.bus(), timedate1, timedate1_path);
    const std::string interface = timedate1;
    auto message = dbus::make_call(*proxy, "org.freedesktop.DBus.Properties", "GetAll", interface);
    auto reply = co_await dbus::call(connection_, *proxy, std::move(message));
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

  asio::awaitable<Result<>> turn_ntp_on() override {
    auto proxy = sdbus::createProxy(connection_.bus(), timedate1, timedate1_path);
    auto message = dbus::make_call(*proxy, timedate1, "SetNTP", true, false);
    auto reply = co_await dbus::call(connection_, *proxy, std::move(message));
    if (!reply) co_return reply.error().context("SetNTP");
    co_return Result<>{};
  }

 private:
  dbus::Connection& connection_;
};

}  // namespace

std::unique_ptr<Host> make_host(dbus::Connection& connection) {
  return std::make_unique<BusHost>(connection);
}

}  // namespace kagent::noded
