#pragma once

#include "agent/common/base/error.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace kagent::coordinator {

struct Authority;
class Coordinator;

struct ServerOptions {
  std::string listen;                  // ADDRESS:PORT, IPv6 in brackets; port 0: any
  std::filesystem::path admin_socket;  // empty: none. Mode 0660, group kagent-admin if it exists
};

// The gRPC server: Agent and Admin over TLS, Admin also on the Unix socket.
class Server {
 public:
  virtual ~Server() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  // Refuses new calls, gives running calls a second, then cancels them. Posts `done` to the loop,
  // which must run until then.
  virtual void shutdown(std::function<void()> done) = 0;
};

// Errors: invalid_argument or io when it cannot listen.
Result<std::unique_ptr<Server>> start_server(boost::asio::any_io_executor loop,
                                             const ServerOptions& options,
                                             const Authority& authority, Coordinator& coordinator);

}  // namespace kagent::coordinator
