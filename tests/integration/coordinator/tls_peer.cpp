#include "tests/integration/coordinator/tls_peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <stdexcept>

namespace kagent::coordinator {
namespace {

constexpr char data_frame = 0, headers_frame = 1, settings_frame = 4, end_headers = 4;

sockaddr_in address_of(const std::string& ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  return address;
}

// RFC 9113, 4.1.
std::string frame(char type, char flags, std::uint32_t stream, const std::string& payload) {
  std::string bytes;
  for (const unsigned shift : {16U, 8U, 0U})
    bytes += static_cast<char>(payload.size() >> shift & 0xFFU);
  bytes += type;
  bytes += flags;
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    bytes += static_cast<char>(stream >> shift & 0xFFU);
  return bytes + payload;
}

// RFC 7541, 6.2.2: a literal, not indexed.
std::string field(const std::string& name, const std::string& value) {
  std::string bytes(1, '\0');
  bytes += static_cast<char>(name.size());
  bytes += name;
  bytes += static_cast<char>(value.size());
  return bytes + value;
}

}  // namespace

TlsPeer::TlsPeer(std::uint16_t port, int newest, const std::string& from)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
      session_(nullptr, SSL_free) {
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2)
  const auto own = address_of(from, 0), there = address_of("127.0.0.1", port);
  if (::bind(socket_, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
      ::connect(socket_, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0)
    throw std::runtime_error("connect");
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context_.get(), newest);
  session_.reset(SSL_new(context_.get()));
  constexpr std::array<unsigned char, 3> http2{2, 'h', '2'};
  SSL_set_alpn_protos(session_.get(), http2.data(), http2.size());
  SSL_set_fd(session_.get(), socket_);
  connected_ = SSL_connect(session_.get()) == 1;
}

TlsPeer::~TlsPeer() {
  ::close(socket_);
}

void TlsPeer::write(std::string_view bytes) {
  (void)SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
}

bool TlsPeer::ends_within(int milliseconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  std::array<char, 4096> ignored{};
  for (;;) {
    if (SSL_pending(session_.get()) == 0) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      pollfd waited{socket_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waited, 1, static_cast<int>(left.count())) <= 0)
        return false;
    }
    if (SSL_read(session_.get(), ignored.data(), ignored.size()) <= 0) return true;
  }
}

void TlsPeer::headers(std::uint32_t stream) {
  write(frame(headers_frame, end_headers, stream,
              field(":method", "POST") + field(":scheme", "https") +
                  field(":path", "/kagent.v1.Agent/Enroll") + field(":authority", "coordinator") +
                  field("content-type", "application/grpc") + field("te", "trailers")));
}

void TlsPeer::begin_enroll() {
  write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings_frame, 0, 0, ""));
  headers(1);
}

void TlsPeer::begin_large_enroll(std::uint32_t stream, std::size_t bytes) {
  headers(stream);
  write(frame(data_frame, 0, stream, std::string("\0\0\x0f\xff\xff", 5) + std::string(bytes, 'x')));
}

}  // namespace kagent::coordinator
