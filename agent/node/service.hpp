#pragma once

#include "agent/node/units.hpp"
#include "agent/node/vault.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace kagent::dbus {
class Connection;
}

namespace kagent::node {

// io.kagent.Node1 (proto/io.kagent.Node1.xml) on the system bus. Calls `idle` once nothing has been
// asked for a while and no step is under way: systemd starts us again at the next call.
class Service {
 public:
  Service(boost::asio::io_context& io, dbus::Connection& connection, std::shared_ptr<Units> units,
          Vault vault, std::function<void()> idle);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Ready to be called: takes the bus name. Errors: permission_denied (no policy), already_exists.
  Result<> take_name();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kagent::node
