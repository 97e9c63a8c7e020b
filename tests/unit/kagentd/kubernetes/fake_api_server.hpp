#pragma once

#include "agent/common/trust/pki.hpp"
#include "agent/kagentd/kubernetes/kubeconfig.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// A server for the tests of the API client.
namespace kagent::kubernetes {

struct Pair {
  std::string certificate, key;
};

struct Authority {
  pki::Key key = pki::generate_key().value();
  pki::Certificate certificate = pki::make_ca(key, "test").value();

  [[nodiscard]] std::string pem() const { return pki::to_pem(certificate).value(); }
  [[nodiscard]] Pair issue(pki::Use use, const std::string& name) const {
    pki::IssueRequest request;
    request.subject = pki::Subject{"test", name};
    request.use = use;
    request.lifetime = std::chrono::hours{1};
    if (use == pki::Use::server) request.dns_names.push_back(name);
    const auto own = pki::generate_key().value();
    const auto made = pki::issue(request, own, certificate, key).value();
    return {pki::to_pem(made).value(), pki::key_to_pem(own).value()};
  }
};

// An API server on loopback that gives its answers in order, one per connection.
class Server {
 public:
  Server(const Authority& authority, std::vector<std::string> answers)
      : answers_(std::move(answers)) {
    const Pair own = authority.issue(pki::Use::server, "localhost");
    const std::string ca = authority.pem();
    context_.use_certificate_chain(boost::asio::buffer(own.certificate));
    context_.use_private_key(boost::asio::buffer(own.key), boost::asio::ssl::context::pem);
    context_.add_certificate_authority(boost::asio::buffer(ca));
    context_.set_verify_mode(boost::asio::ssl::verify_peer |
                             boost::asio::ssl::verify_fail_if_no_peer_cert);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() { join(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::vector<std::string> requests() {  // the head of each
    join();
    return requests_;
  }

 private:
  // Gives up answers that no client has requested, so that the test fails and does not hang.
  void join() {
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }
  void serve() {
    for (const auto& answer : answers_) {
      boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream(io_, context_);
      boost::system::error_code code;
      acceptor_.accept(stream.next_layer(), code);
      if (code) return;
      stream.handshake(boost::asio::ssl::stream_base::server, code);
      std::string head;
      if (!code)
        boost::asio::read_until(stream, boost::asio::dynamic_buffer(head), "\r\n\r\n", code);
      if (code) continue;
      requests_.push_back(head);
      boost::asio::write(stream, boost::asio::buffer(answer), code);
      stream.shutdown(code);
    }
  }

  std::vector<std::string> answers_;
  std::vector<std::string> requests_;
  boost::asio::io_context io_;
  boost::asio::ssl::context context_{boost::asio::ssl::context::tls_server};
  boost::asio::ip::tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::thread thread_;
};

inline std::string answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

inline Access access_to(const Authority& trusted, const Authority& own, std::uint16_t port) {
  const Pair mine = own.issue(pki::Use::client, "kagentd");
  Access access;
  access.host = "localhost";
  access.port = port;
  access.ca_pem = trusted.pem();
  access.certificate_pem = mine.certificate;
  access.key_pem = mine.key;
  return access;
}

template <class T>
T run(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
  auto outcome = boost::asio::co_spawn(io, std::move(task), boost::asio::use_future);
  io.restart();
  io.run();
  return outcome.get();
}

}  // namespace kagent::kubernetes
