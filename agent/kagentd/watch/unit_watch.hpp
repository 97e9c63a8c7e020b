#pragma once

#include "agent/common/base/error.hpp"
#include "kagent/v1/report.pb.h"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kagent::dbus {
class Connection;
}

namespace kagent::kagentd {

// Of org.freedesktop.systemd1.Unit.
struct UnitState {
  std::string load;    // "loaded", "not-found", "masked"
  std::string active;  // "active", "activating", "failed", ...
  std::string sub;     // "running", "auto-restart", ...
};

// `configured`: the unit has been given what it needs to run. Before, restarting over and over is
// what kubelet does.
v1::UnitHealth health_of(const UnitState& state, bool configured);

// Of several units that are needed together: the first that is not active, or the first.
UnitState worst_of(const std::vector<UnitState>& units);

// As systemd names a unit's object: "kubelet_2eservice" below its own (sd_bus_path_encode(3)).
std::string unit_path(std::string_view unit);

// Follows kubelet.service and the container runtime's units by systemd's signals.
class UnitWatch {
 public:
  UnitWatch(boost::asio::any_io_executor loop, dbus::Connection& connection,
            std::function<void()> changed);
  ~UnitWatch();
  UnitWatch(const UnitWatch&) = delete;
  UnitWatch& operator=(const UnitWatch&) = delete;

  // Errors: unavailable (the bus refuses the matches).
  Result<> start();
  // containerd.service until this says otherwise. Errors: as start().
  Result<> follow_runtime(const std::vector<std::string>& units);
  // Nothing is known yet: an empty state.
  [[nodiscard]] const UnitState& kubelet() const;
  [[nodiscard]] UnitState runtime() const;  // worst_of() its units

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kagent::kagentd
