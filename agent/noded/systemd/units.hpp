#pragma once

#include "agent/common/base/error.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace kagent::noded {

// LoadState, ActiveState, SubState and UnitFileState of org.freedesktop.systemd1(5).
struct UnitState {
  std::string load;    // "loaded", "not-found", "masked", ...
  std::string active;  // "active", "activating", "inactive", "failed", ...
  std::string sub;     // "running", "auto-restart", ...
  std::string file;    // "enabled", "disabled", "masked", ...
  std::string invocation_id;
  std::vector<std::string> drop_ins;

  // True for a oneshot at work and for a service that is up, starting or stopping.
  [[nodiscard]] bool alive() const;
};

enum class Verb { start, stop, restart, reload };

// The units that systemd knows. Errors of every function: unavailable (no bus), not_found (no such
// unit), deadline_exceeded, io.
class Units {
 public:
  virtual ~Units() = default;

  // Reads the unit's state. A unit that does not exist has the load state "not-found".
  virtual boost::asio::awaitable<Result<UnitState>> state(std::string unit) = 0;
  // Names of the active and activating units that match a pattern such as "*.swap".
  virtual boost::asio::awaitable<Result<std::vector<std::string>>> loaded(std::string pattern) = 0;
  // Units that `unit` Requires or Wants: a boot starts them together with `unit`.
  virtual boost::asio::awaitable<Result<std::vector<std::string>>> dependencies(
      std::string unit) = 0;

  // Waits until the job has ended, at most 90 s. A result other than "done" is an Error that names
  // the result. Idempotent, except for restart and reload.
  virtual boost::asio::awaitable<Result<>> job(Verb verb, std::string unit) = 0;
  // Both change the unit's files and reload systemd. Idempotent.
  virtual boost::asio::awaitable<Result<>> enable(std::string unit) = 0;
  virtual boost::asio::awaitable<Result<>> mask(std::string unit) = 0;
};

}  // namespace kagent::noded
