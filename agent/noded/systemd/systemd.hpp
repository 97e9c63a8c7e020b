#pragma once

#include "agent/noded/systemd/commands.hpp"
#include "agent/noded/systemd/host.hpp"
#include "agent/noded/systemd/units.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace kagent::noded {

// What steps use of systemd.
struct Systemd {
  std::shared_ptr<Units> units;
  std::shared_ptr<Commands> commands;
  std::shared_ptr<Host> host;
};

// `io` and `connection` must outlive the result. `output_folder` must be private to root: output of
// capturing commands passes through it.
Systemd connect_systemd(boost::asio::io_context& io, dbus::Connection& connection,
                        std::string output_folder);

}  // namespace kagent::noded
