#include "tests/integration/coordinator/relay.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <memory>

namespace kagent::coordinator {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

struct Pair : std::enable_shared_from_this<Pair> {
  Pair(tcp::socket one, tcp::socket two) : sockets{std::move(one), std::move(two)} {}

  void pump(std::size_t from) {
    sockets.at(from).async_read_some(
        asio::buffer(buffers.at(from)),
        [self = shared_from_this(), from](boost::system::error_code error, std::size_t size) {
          if (error) return self->close();
          asio::async_write(self->sockets.at(1 - from),
                            asio::buffer(self->buffers.at(from).data(), size),
                            [self, from](boost::system::error_code failed, std::size_t) {
                              if (failed) return self->close();
                              self->pump(from);
                            });
        });
  }
  void close() {
    boost::system::error_code ignored;
    for (tcp::socket& socket : sockets) socket.close(ignored);
  }

  std::array<tcp::socket, 2> sockets;
  std::array<std::array<char, 16384>, 2> buffers{};
};

}  // namespace

Relay::Relay(std::string from, std::uint16_t to)
    : from_(asio::ip::make_address(from), 0),
      to_(asio::ip::make_address("127.0.0.1"), to),
      acceptor_(io_, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)) {
  accept();
  thread_ = std::thread([this] { io_.run(); });
}

Relay::~Relay() {
  io_.stop();
  thread_.join();
}

void Relay::accept() {
  acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
    if (error) return;
    tcp::socket on(io_);
    on.open(tcp::v4());
    on.bind(from_);
    on.connect(to_, error);
    if (!error) {
      const auto pair = std::make_shared<Pair>(std::move(socket), std::move(on));
      pair->pump(0);
      pair->pump(1);
    }
    accept();
  });
}

}  // namespace kagent::coordinator
