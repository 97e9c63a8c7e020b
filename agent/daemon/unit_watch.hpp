#pragma once

#include "agent/base/error.hpp"
#include "kagent/v1/report.pb.h"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace kagent::dbus {
class Connection;
}

namespace kagent::daemon {

// Of org.freedesktop.systemd1.Unit.
struct UnitState {
  std::string load;    // "loaded", "not-found", "masked"
  std::string active;  // "active", "activating", "failed", ...
  std::string sub;     // "running", "auto-restart", ...
};

// `configured`: the unit has been given what it needs to run. Before, restarting over and over is
// what kubelet does.
v1::UnitHealth health_of(const UnitState& state, bool configured);

// Follows kubelet.service and containerd.service by systemd's signals.
class UnitWatch {
 public:
  UnitWatch(boost::asio::any_io_executor loop, dbus::Connection& connection,
            std::function<void()> changed);
  ~UnitWatch();
  UnitWatch(const UnitWatch&) = delete;
  UnitWatch& operator=(const UnitWatch&) = delete;

  // Errors: unavailable (the bus refuses the matches).
  Result<> start();
  // Nothing is known yet: an empty state.
  [[nodiscard]] const UnitState& kubelet() const;
  [[nodiscard]] const UnitState& runtime() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kagent::daemon
