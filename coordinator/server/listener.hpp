#pragma once

#include "agent/common/base/tally.hpp"
#include "coordinator/admission/connections.hpp"

#include <grpcpp/server_builder.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <map>
#include <memory>
#include <string>

namespace kagent::coordinator {

// Accepts for gRPC, which has no bound on connections of its own, and ends those of strangers that
// stay. On the loop's thread, as is `connections`.
class Listener {
 public:
  // `grpc`: of the server, which is built; it outlives this.
  Listener(boost::asio::ip::tcp::acceptor acceptor, Connections& connections,
           std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc);

  void start();
  // No more connections. Idempotent.
  void stop();
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void accept();
  void take(boost::asio::ip::tcp::socket socket);
  void retry_later(boost::system::error_code why);
  void arm_sweep();
  void sweep_ended();
  void end_overdue();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_, sweep_;
  Connections& connections_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc_;
  // Each is gRPC's, too, under another descriptor: who holds one sees its end, and can end it.
  std::map<std::string, boost::asio::ip::tcp::socket> sockets_;
  SteadyTime swept_;
  Tally turned_away_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

}  // namespace kagent::coordinator
