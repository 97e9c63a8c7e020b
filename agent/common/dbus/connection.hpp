#pragma once

#include "agent/common/base/error.hpp"

#include <sdbus-c++/sdbus-c++.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace kagent::dbus {

// A bus connection that dispatches its messages on one io_context and starts no thread. Make
// proxies and objects with sdbus::createProxy(connection.bus(), ...) and
// sdbus::createObject(connection.bus(), ...): the overloads without a connection start a thread.
// Proxies and objects must be destroyed before the Connection.
class Connection {
 public:
  // Called once, on the loop, when the bus is lost and every pending call has failed. The
  // Connection is then useless: destroy its proxies and objects, and open another.
  using LostHandler = std::function<void(const Error&)>;

  // Blocks for the few ms of a local handshake. The system bus honours DBUS_SYSTEM_BUS_ADDRESS.
  // Errors: unavailable.
  static Result<std::unique_ptr<Connection>> open_system(boost::asio::io_context& io,
                                                         LostHandler lost);
  static Result<std::unique_ptr<Connection>> open_address(boost::asio::io_context& io,
                                                          const std::string& address,
                                                          LostHandler lost);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] sdbus::IConnection& bus();

  // To be called after each use of the bus by other means than call(): sd-bus does not wake the
  // loop, so that a signal that was read during a synchronous call would wait for the next message.
  void rearm();

  [[nodiscard]] bool lost() const;

  class Impl;

 private:
  explicit Connection(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

// One method call, awaited. Completes exactly once: with the reply, with the peer's error
// (from_dbus()), deadline_exceeded, or cancelled when its cancellation slot fires. `proxy` and
// `connection` must outlive it.
boost::asio::awaitable<Result<sdbus::MethodReply>> call(
    Connection& connection, sdbus::IProxy& proxy, sdbus::MethodCall message,
    std::chrono::milliseconds timeout = std::chrono::seconds{25});

// proxy.createMethodCall() with arguments.
template <class... Args>
sdbus::MethodCall make_call(sdbus::IProxy& proxy, const std::string& interface,
                            const std::string& method, const Args&... args) {
  sdbus::MethodCall message = proxy.createMethodCall(interface, method);
  ((void)(message << args), ...);
  return message;
}

// The reply's arguments. Errors: protocol when they are of another type.
template <class T>
Result<T> read(Result<sdbus::MethodReply> reply) {
  if (!reply) return reply.error();
  try {
    T value{};
    *reply >> value;
    return value;
  } catch (const sdbus::Error& error) {
    return Error{Errc::protocol, error.getMessage()};
  }
}

}  // namespace kagent::dbus
