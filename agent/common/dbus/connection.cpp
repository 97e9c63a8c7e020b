#include "agent/common/dbus/connection.hpp"

#include "agent/common/dbus/error.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <poll.h>

#include <optional>

namespace kagent::dbus {
namespace asio = boost::asio;
using boost::system::error_code;

class Connection::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, std::unique_ptr<sdbus::IConnection> bus, LostHandler lost)
      : bus_(std::move(bus)), lost_handler_(std::move(lost)), watched_(io), timer_(io) {}

  Result<> start() {
    // Asio and sd-bus each close their descriptor, so that Asio needs a duplicate.
    const int fd = ::fcntl(bus_->getEventLoopPollData().fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) return errno_error(errno, "duplicating the bus socket");
    watched_.assign(fd);
    rearm();
    return {};
  }

  void stop() {
    stopped_ = true;
    error_code ignored;
    watched_.close(ignored);
    timer_.cancel();
  }

  void rearm() {
    if (stopped_ || posted_) return;
    posted_ = true;
    asio::post(watched_.get_executor(), [self = shared_from_this()] {
      self->posted_ = false;
      self->dispatch();
    });
  }

  sdbus::IConnection& bus() { return *bus_; }
  asio::any_io_executor executor() { return watched_.get_executor(); }
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  // A flood of signals must not starve the rest of the loop.
  static constexpr int messages_at_once = 64;

  void dispatch() {
    if (stopped_) return;
    try {
      for (int n = 0; n < messages_at_once; ++n) {
        if (!bus_->processPendingRequest()) {
          if (!stopped_) wait();
          return;
        }
        if (stopped_) return;  // a handler has destroyed the Connection
      }
    } catch (const sdbus::Error& error) {
      lose(error);
      return;
    }
    rearm();
  }

  void wait() {
    const auto poll = bus_->getEventLoopPollData();
    if ((poll.events & POLLIN) != 0 && !reading_)
      wait_for(asio::posix::stream_descriptor::wait_read, reading_);
    if ((poll.events & POLLOUT) != 0 && !writing_)
      wait_for(asio::posix::stream_descriptor::wait_write, writing_);
    const auto timeout = poll.getRelativeTimeout();
    if (!timeout) {
      timer_.cancel();
      return;
    }
    timer_.expires_after(*timeout);
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->dispatch();
    });
  }

  void wait_for(asio::posix::stream_descriptor::wait_type what, bool& waiting) {
    waiting = true;
    watched_.async_wait(what, [self = shared_from_this(), &waiting](error_code) {
      waiting = false;
      self->dispatch();
    });
  }

  void lose(const sdbus::Error& error) {
    stop();
    if (!lost_handler_) return;
    asio::post(watched_.get_executor(),
               [handler = std::move(lost_handler_),
                why = Error{Errc::unavailable, "the bus is lost: " + error.getMessage()}] {
                 handler(why);
               });
  }

  std::unique_ptr<sdbus::IConnection> bus_;
  LostHandler lost_handler_;
  asio::posix::stream_descriptor watched_;
  asio::steady_timer timer_;
  bool reading_ = false;
  bool writing_ = false;
  bool posted_ = false;
  bool stopped_ = false;
};

namespace {

template <class Open>
Result<std::shared_ptr<Connection::Impl>> open(asio::io_context& io, Connection::LostHandler lost,
                                               Open open_bus) {
  try {
    auto impl = std::make_shared<Connection::Impl>(io, open_bus(), std::move(lost));
    if (auto started = impl->start(); !started) return started.error();
    return impl;
  } catch (const sdbus::Error& error) {
    return Error{Errc::unavailable, "connecting to D-Bus: " + error.getMessage()};
  }
}

using Reply = Result<sdbus::MethodReply>;

// The handler of one call. The reply or the cancellation runs it, whichever comes first.
template <class Handler>
class Pending : public std::enable_shared_from_this<Pending<Handler>> {
 public:
  explicit Pending(Handler handler) : handler_(std::move(handler)) {}

  void complete(const asio::any_io_executor& executor, Reply reply) {
    if (!handler_) return;
    asio::post(executor, [handler = std::move(*std::exchange(handler_, std::nullopt)),
                          reply = std::move(reply)]() mutable { handler(std::move(reply)); });
  }

  void send(Connection& connection, sdbus::IProxy& proxy, const sdbus::MethodCall& message,
            std::chrono::milliseconds timeout, const asio::any_io_executor& executor) {
    auto self = this->shared_from_this();
    auto slot = asio::get_associated_cancellation_slot(*handler_);
    try {
      auto on_reply = [self, executor](sdbus::MethodReply& reply, const sdbus::Error* error) {
        if (error != nullptr)
          self->complete(executor, from_dbus(*error));
        else
          self->complete(executor, reply);
      };
      call_ = proxy.callMethod(message, on_reply, timeout);
    } catch (const sdbus::Error& error) {
      complete(executor, from_dbus(error));
      return;
    }
    connection.rearm();
    if (slot.is_connected()) {
      slot.assign([weak = this->weak_from_this(), executor](asio::cancellation_type) {
        auto pending = weak.lock();
        if (!pending) return;
        pending->call_.cancel();  // sdbus-c++ never calls the handler of a cancelled call
        pending->complete(executor, Error{Errc::cancelled, "the D-Bus call was given up"});
      });
    }
  }

 private:
  std::optional<Handler> handler_;
  sdbus::PendingAsyncCall call_;
};

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open_system(asio::io_context& io,
                                                            LostHandler lost) {
  auto impl = open(io, std::move(lost), [] { return sdbus::createSystemBusConnection(); });
  if (!impl) return impl.error();
  return std::unique_ptr<Connection>(new Connection(std::move(*impl)));
}

Result<std::unique_ptr<Connection>> Connection::open_address(asio::io_context& io,
                                                             const std::string& address,
                                                             LostHandler lost) {
  auto impl = open(io, std::move(lost),
                   [&] { return sdbus::createSessionBusConnectionWithAddress(address); });
  if (!impl) return impl.error();
  return std::unique_ptr<Connection>(new Connection(std::move(*impl)));
}

Connection::Connection(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() {
  impl_->stop();
}
sdbus::IConnection& Connection::bus() {
  return impl_->bus();
}
void Connection::rearm() {
  impl_->rearm();
}
bool Connection::lost() const {
  return impl_->stopped();
}

// No coroutine: gcc 12 miscompiles a capturing lambda inside one's co_await expression.
asio::awaitable<Result<sdbus::MethodReply>> call(Connection& connection, sdbus::IProxy& proxy,
                                                 sdbus::MethodCall message,
                                                 std::chrono::milliseconds timeout) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Reply)>(
      [&connection, &proxy, message = std::move(message), timeout](auto handler) {
        const auto executor = asio::get_associated_executor(handler);
        auto pending = std::make_shared<Pending<decltype(handler)>>(std::move(handler));
        pending->send(connection, proxy, message, timeout, executor);
      },
      asio::use_awaitable);
}

}  // namespace kagent::dbus
