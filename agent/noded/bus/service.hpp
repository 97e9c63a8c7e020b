#pragma once

#include "agent/noded/step/step.hpp"
#include "agent/noded/systemd/units.hpp"
#include "agent/noded/vault/vault.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace kagent::dbus {
class Connection;
}

namespace kagent::noded {

// `steps`: those that it does, found by their names.
// io.kagent.Node1 (proto/io.kagent.Node1.xml) on the system bus. Calls `idle` once nothing has been
// asked for a while and no step is under way: systemd starts us again at the next call.
class Service {
 public:
  Service(boost::asio::io_context& io, dbus::Connection& connection, std::shared_ptr<Units> units,
          Vault vault, std::vector<std::unique_ptr<Step>> steps, std::function<void()> idle);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Ready to be called: takes the bus name. Errors: permission_denied (no policy), already_exists.
  Result<> take_name();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kagent::noded
