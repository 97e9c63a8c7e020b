#pragma once

#include "agent/common/base/tasks.hpp"
#include "agent/noded/step/step.hpp"
#include "agent/noded/systemd/systemd.hpp"
#include "agent/noded/vault/vault.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace kagent::dbus {
class Connection;
}

namespace kagent::noded {

// io.kagent.Node1 (proto/io.kagent.Node1.xml) on the system bus: parses calls, passes them to
// Runner, Vault and the orders, and replies. The D-Bus policy decides who may call.
class Service {
 public:
  // `steps`: the steps that the Runner does, found by their names. `tasks` runs everything that
  // takes time: cancel and join it before the Service is destroyed. Calls `idle` when no call has
  // arrived for a minute and no task runs: D-Bus starts the daemon again at the next call.
  Service(boost::asio::io_context& io, dbus::Connection& connection, Tasks& tasks, Systemd systemd,
          Vault vault, std::vector<std::unique_ptr<Step>> steps, std::function<void()> idle);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Takes the bus name; calls arrive from then on. Errors: permission_denied (no policy),
  // already_exists.
  Result<> take_name();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kagent::noded
