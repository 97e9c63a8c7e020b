#pragma once

#include "agent/common/base/error.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

namespace kagent::dbus {
class Connection;
}

namespace kagent::noded {

// Properties of org.freedesktop.timedate1(5).
struct ClockState {
  bool can_ntp = false;  // a service that timedated supports is installed: timesyncd, chrony, ...
  bool ntp = false;      // that service is enabled
  bool synchronised = false;
};

// The machine's name and clock, through systemd-hostnamed and systemd-timedated. D-Bus starts both
// services on demand. Errors of every function: those of dbus::call(); not_found if the service is
// not installed. All functions are idempotent.
class Host {
 public:
  virtual ~Host() = default;

  // Sets the static and the current hostname.
  virtual boost::asio::awaitable<Result<>> set_hostname(std::string name) = 0;
  virtual boost::asio::awaitable<Result<ClockState>> clock() = 0;
  virtual boost::asio::awaitable<Result<>> turn_ntp_on() = 0;
};

std::unique_ptr<Host> make_host(dbus::Connection& connection);

}  // namespace kagent::noded
