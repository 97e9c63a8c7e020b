#include "agent/common/trust/tls.hpp"
#include "agent/common/rpc/channel.hpp"
#include "agent/common/trust/ca_pin.hpp"
#include "kagent/v1/agent.grpc.pb.h"
#include "tests/integration/coordinator/fake_node.hpp"
#include "tests/integration/coordinator/tls_peer.hpp"
#include "tests/support/result.hpp"

#include <arpa/inet.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch_test_macros.hpp>

#include <csignal>
#include <future>

using namespace kagent;
using namespace kagent::coordinator;
using namespace std::chrono_literals;

namespace {

// A coordinator of the CA that the client trusts, which speaks `newest` at most; for one handshake.
class OldServer {
 public:
  explicit OldServer(int newest) {
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2)
    const pki::Key ca_key = pki::generate_key().value(), key = pki::generate_key().value();
    const auto ca = pki::make_ca(ca_key, "cluster").value();
    const auto leaf = pki::issue({{"kagent:coordinator", "coordinator"},
                                  pki::Use::server,
                                  1h,
                                  {std::string(pki::coordinator_server_name)}},
                                 key, ca, ca_key)
                          .value();
    ca_pem = pki::to_pem(ca).value();
    ca_sha256 = pki::spki_sha256(ca).value();
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_max_proto_version(context_, newest);
    SSL_CTX_use_certificate(context_, leaf.get());
    SSL_CTX_add1_chain_cert(context_, ca.get());
    SSL_CTX_use_PrivateKey(context_, key.get());
    SSL_CTX_set_alpn_select_cb(
        context_,
        [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
           unsigned int, void*) {
          *out = in + 1;
          *size = *in;
          return SSL_TLSEXT_ERR_OK;
        },
        nullptr);
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listening_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(listening_, 4);
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~OldServer() {
    ::close(listening_);
    SSL_CTX_free(context_);
  }
  OldServer(const OldServer&) = delete;
  OldServer& operator=(const OldServer&) = delete;

  // Whether the next handshake goes through.
  std::future<bool> handshake() {
    return std::async(std::launch::async, [this] {
      const int connection = ::accept(listening_, nullptr, nullptr);
      SSL* session = SSL_new(context_);
      SSL_set_fd(session, connection);
      const bool done = SSL_accept(session) == 1;
      SSL_free(session);
      ::close(connection);
      return done;
    });
  }

  std::uint16_t port = 0;
  std::string ca_pem, ca_sha256;

 private:
  SSL_CTX* context_ = nullptr;
  int listening_ = -1;
};

}  // namespace

TEST_CASE("T11 The coordinator speaks TLS 1.3 and nothing older") {
  const RunningCoordinator coordinator;
  const std::string address = coordinator.address();
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  CHECK_FALSE(TlsPeer(port, TLS1_2_VERSION).connected());
  CHECK(TlsPeer(port, TLS1_3_VERSION).connected());
}

TEST_CASE("T11 A coordinator that speaks TLS 1.2 only is not spoken to") {
  require_tls_1_3();
  for (const int newest : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    OldServer server(newest);
    const bool is_new = newest == TLS1_3_VERSION;
    {
      auto handshake = server.handshake();
      const auto ca = fetch_pinned_ca("127.0.0.1", server.port, server.ca_sha256, 10s);
      CHECK(ca.has_value() == is_new);
      CHECK(handshake.get() == is_new);
    }
    auto handshake = server.handshake();
    rpc::ChannelOptions options;
    options.target = "127.0.0.1:" + std::to_string(server.port);
    options.ca_pem = server.ca_pem;
    options.server_name = pki::coordinator_server_name;
    // Its call ends with the connection: nothing is under way any more when the process ends, which
    // would look like a leak.
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 10s);
    v1::ChallengeResponse answer;
    const auto stub = v1::Agent::NewStub(rpc::make_channel(options));
    CHECK_FALSE(stub->Challenge(&context, v1::ChallengeRequest(), &answer).ok());
    CHECK(handshake.get() == is_new);
  }
}
