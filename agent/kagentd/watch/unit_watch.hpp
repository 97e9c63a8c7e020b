#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/base/tasks.hpp"
#include "kagent/v1/report.pb.h"

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

// `configured`: the unit has everything that it needs to run. Before that, kubelet restarts over
// and over, which is no failure.
v1::UnitHealth health_of(const UnitState& state, bool configured);

// Returns the first unit that is not active, or the first unit if all are. The node needs all of
// them.
UnitState worst_of(const std::vector<UnitState>& units);

// The path of a unit's D-Bus object: its last part is like "kubelet_2eservice"
// (sd_bus_path_encode(3)).
std::string unit_path(std::string_view unit);

// Follows kubelet.service and the container runtime's units by systemd's signals.
class UnitWatch {
 public:
  UnitWatch(Tasks& tasks, dbus::Connection& connection, std::function<void()> changed);
  ~UnitWatch();
  UnitWatch(const UnitWatch&) = delete;
  UnitWatch& operator=(const UnitWatch&) = delete;

  // Errors: unavailable (the bus refuses the matches).
  Result<> start();
  // The runtime is containerd.service before the first call. Errors: as start().
  Result<> follow_runtime(const std::vector<std::string>& units);
  // Empty before systemd has answered.
  [[nodiscard]] const UnitState& kubelet() const;
  [[nodiscard]] UnitState runtime() const;  // worst_of() its units

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kagent::kagentd
