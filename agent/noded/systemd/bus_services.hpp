#pragma once

#include "agent/common/base/error.hpp"
#include "agent/noded/systemd/units.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace kagent::dbus {
class Connection;
}

// The small services beside systemd itself, as free functions: org.freedesktop.hostname1(5) and
// org.freedesktop.timedate1(5). D-Bus starts them on demand. Errors: those of dbus::call().
namespace kagent::noded::bus_services {

boost::asio::awaitable<Result<>> set_hostname(dbus::Connection& connection, std::string name);
boost::asio::awaitable<Result<ClockState>> clock_state(dbus::Connection& connection);
boost::asio::awaitable<Result<>> turn_ntp_on(dbus::Connection& connection);

}  // namespace kagent::noded::bus_services
