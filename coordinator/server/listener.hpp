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

// Accepts connections for gRPC, which cannot limit their number, and disconnects strangers that
// stay too long. Runs on the loop's thread, and so does `connections`.
class Listener {
 public:
  // `grpc`: from the builder of the server, which must outlive this.
  Listener(boost::asio::ip::tcp::acceptor acceptor, Connections& connections,
           std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc);

  void start();
  // Accepts no more connections. Idempotent.
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
  // gRPC holds each socket too, under another descriptor; this one serves to see or force its end.
  std::map<std::string, boost::asio::ip::tcp::socket> sockets_;
  SteadyTime swept_;
  Tally turned_away_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

}  // namespace kagent::coordinator
