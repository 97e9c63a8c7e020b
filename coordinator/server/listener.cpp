#include "coordinator/server/listener.hpp"

#include "agent/common/base/log.hpp"
#include "coordinator/admission/address.hpp"

#include <fcntl.h>
#include <poll.h>

#include <vector>

namespace kagent::coordinator {
namespace {

using Tcp = boost::asio::ip::tcp;
using std::chrono::steady_clock;

constexpr std::chrono::seconds pause_after_error{1}, sweep_every{1};
// Without room, ended connections are looked for at once, but not at every attempt.
constexpr std::chrono::milliseconds sweep_again_after{20};

std::string key_of(const Tcp::endpoint& from) {
  const auto address = from.address();
  const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
  const std::string ip =
      mapped ? boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
                   .to_string()
             : address.to_string();
  return connection_key(ip, from.port());
}

}  // namespace

Listener::Listener(Tcp::acceptor acceptor, Connections& connections,
                   std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc)
    : acceptor_(std::move(acceptor)),
      pause_(acceptor_.get_executor()),
      sweep_(acceptor_.get_executor()),
      connections_(connections),
      grpc_(std::move(grpc)) {
  boost::system::error_code ignored;
  port_ = acceptor_.local_endpoint(ignored).port();
}

void Listener::start() {
  accept();
  arm_sweep();
}

void Listener::stop() {
  stopped_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  sweep_.cancel();
}

void Listener::accept() {
  acceptor_.async_accept([this](boost::system::error_code error, Tcp::socket socket) {
    if (stopped_) return;
    if (error) return retry_later(error);
    take(std::move(socket));
    accept();
  });
}

void Listener::take(Tcp::socket socket) {
  boost::system::error_code error;
  const auto from = socket.remote_endpoint(error);
  if (!error) socket.native_non_blocking(true, error);
  if (!error) socket.set_option(Tcp::no_delay(true), error);
  if (error) return;  // the peer has disconnected already
  const std::string key = key_of(from);
  const auto now = steady_clock::now();
  if (!connections_.has_room(key) && now - swept_ >= sweep_again_after) sweep_ended();
  if (!connections_.begin(key, now)) {
    if (const auto times = turned_away_.add(now))
      log::warning("too many connections: {} refused, the last from {}", *times,
                   from.address().to_string());
    return;
  }
  const int descriptor = ::fcntl(socket.native_handle(), F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) return connections_.end(key);
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
  connection.listener_fd = acceptor_.native_handle();
  connection.fd = descriptor;
  sockets_.insert_or_assign(key, std::move(socket));
  grpc_->HandleNewConnection(&connection);
}

// The process may be out of descriptors: an immediate retry would only burn the processor.
void Listener::retry_later(boost::system::error_code why) {
  log::warning("accepting connections: {}", why.message());
  pause_.expires_after(pause_after_error);
  pause_.async_wait([this](boost::system::error_code error) {
    if (!error && !stopped_) accept();
  });
}

void Listener::arm_sweep() {
  sweep_.expires_after(sweep_every);
  sweep_.async_wait([this](boost::system::error_code error) {
    if (error || stopped_) return;
    sweep_ended();
    end_overdue();
    arm_sweep();
  });
}

// gRPC shuts a connection down in both directions before it closes its descriptor.
void Listener::sweep_ended() {
  swept_ = steady_clock::now();
  std::vector<pollfd> watched;
  watched.reserve(sockets_.size());
  for (auto& [key, socket] : sockets_) watched.push_back({socket.native_handle(), 0, 0});
  if (::poll(watched.data(), watched.size(), 0) <= 0) return;
  auto each = sockets_.begin();
  for (const pollfd& seen : watched) {
    const auto next = std::next(each);
    if ((seen.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
      connections_.end(each->first);
      sockets_.erase(each);
    }
    each = next;
  }
}

void Listener::end_overdue() {
  for (const std::string& key : connections_.overdue(steady_clock::now())) {
    const auto found = sockets_.find(key);
    boost::system::error_code ignored;
    if (found != sockets_.end()) found->second.shutdown(Tcp::socket::shutdown_both, ignored);
  }
}

}  // namespace kagent::coordinator
