#include "agent/common/trust/ca_pin.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "agent/common/trust/ca_succession.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "agent/common/trust/openssl.hpp"
#include "agent/common/trust/pki.hpp"

namespace kagent {
namespace {

using Clock = std::chrono::steady_clock;

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// Until when the peer may take its time, and what ends it earlier.
struct Limit {
  Clock::time_point deadline;
  const std::stop_token& stop;
};

constexpr std::chrono::milliseconds look_at_stop_every{200};

Result<> wait_for(int descriptor, short events, const Limit& limit) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(limit.deadline - Clock::now());
    if (left <= left.zero()) return Error(Errc::deadline_exceeded, "no answer in time");
    if (limit.stop.stop_requested()) return Error(Errc::cancelled, "given up");
    pollfd waited{descriptor, events, 0};
    const auto slice = std::min(left, look_at_stop_every);
    const int ready = ::poll(&waited, 1, static_cast<int>(slice.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return errno_error(errno, "poll");
  }
}

Result<Socket> connect_to(const addrinfo& address, const Limit& limit) {
  Socket socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return errno_error(errno, "socket");
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS)
      return Error(Errc::unavailable, errno_error(errno, "connect").message());
    if (auto ready = wait_for(socket.get(), POLLOUT, limit); !ready) return ready.error();
    int failed = 0;
    socklen_t size = sizeof failed;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failed, &size);
    if (failed != 0) return Error(Errc::unavailable, errno_error(failed, "connect").message());
  }
  return socket;
}

Result<Socket> connect_to(const std::string& host, std::uint16_t port, const Limit& limit) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
      failed != 0)
    return Error(Errc::unavailable, "looking up " + host + ": " + ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  Error last(Errc::unavailable, "no address for " + host);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    auto socket = connect_to(*one, limit);
    if (socket) return socket;
    last = socket.error();
  }
  return last;
}

Result<> handshake(SSL* session, int descriptor, const Limit& limit) {
  for (;;) {
    const int done = SSL_connect(session);
    if (done == 1) return {};
    short events = 0;
    switch (SSL_get_error(session, done)) {
      case SSL_ERROR_WANT_READ: events = POLLIN; break;
      case SSL_ERROR_WANT_WRITE: events = POLLOUT; break;
      default: return openssl::last_error(Errc::unavailable, "TLS handshake");
    }
    if (auto ready = wait_for(descriptor, events, limit); !ready) return ready.error();
  }
}

std::vector<pki::Certificate> chain_of(SSL* session) {
  std::vector<pki::Certificate> chain;
  STACK_OF(X509)* sent = SSL_get_peer_cert_chain(session);
  for (int i = 0; i < sk_X509_num(sent); ++i) {
    X509* certificate = sk_X509_value(sent, i);
    X509_up_ref(certificate);
    chain.emplace_back(certificate, pki::FreeCertificate{});
  }
  return chain;
}

bool names_the_coordinator(const pki::Certificate& leaf) {
  return X509_check_host(leaf.get(), pki::coordinator_server_name.data(),
                         pki::coordinator_server_name.size(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                         nullptr) == 1;
}

Result<PinnedCa> pinned_ca_in(const std::vector<pki::Certificate>& chain,
                              const std::string& ca_sha256) {
  if (chain.empty()) return Error(Errc::protocol, "the peer sent no certificate");
  const auto now = std::chrono::system_clock::now();
  const auto cas = ca_succession(std::span(chain).subspan(1), ca_sha256, now);
  if (!cas) return cas.error();
  if (auto good = pki::verify(chain.front(), cas->back(), pki::Use::server, now); !good)
    return good.error().context(
        "the peer's certificate is not of the CA that user-data leads to; was that one replaced "
        "too long ago?");
  if (!names_the_coordinator(chain.front()))
    return Error(Errc::permission_denied, "the peer's certificate is not a coordinator's");
  PinnedCa pinned;
  auto pem = pki::to_pem(cas->back());
  if (!pem) return pem.error();
  pinned.pem = std::move(*pem);
  for (const auto& certificate : std::span(chain).subspan(1)) {
    auto one = pki::to_pem(certificate);
    if (!one) return one.error();
    pinned.bundle_pem += *one;
  }
  return pinned;
}

}  // namespace

Result<PinnedCa> fetch_pinned_ca(const std::string& host, std::uint16_t port,
                                 const std::string& ca_sha256, std::chrono::milliseconds timeout,
                                 const std::stop_token& stop) {
  const Limit limit{Clock::now() + timeout, stop};
  const std::string where = "coordinator " + host + ":" + std::to_string(port);
  auto socket = connect_to(host, port, limit);
  if (!socket) return socket.error().context(where);

  // OpenSSL does not verify the peer: we send nothing, and the pin below verifies it.
  const openssl::Context context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const openssl::Session session(SSL_new(context.get()));
  constexpr std::array<unsigned char, 3> http2{2, 'h', '2'};
  SSL_set_alpn_protos(session.get(), http2.data(), http2.size());
  SSL_set_tlsext_host_name(session.get(), pki::coordinator_server_name.data());
  SSL_set_fd(session.get(), socket->get());
  if (auto done = handshake(session.get(), socket->get(), limit); !done)
    return done.error().context(where);
  auto ca = pinned_ca_in(chain_of(session.get()), ca_sha256);
  if (!ca) return ca.error().context(where);
  return ca;
}

}  // namespace kagent
