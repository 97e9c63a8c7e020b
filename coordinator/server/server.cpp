#include "coordinator/server/server.hpp"

#include "agent/common/base/log.hpp"
#include "coordinator/authority/authority.hpp"
#include "coordinator/core/coordinator.hpp"
#include "coordinator/server/listener.hpp"
#include "coordinator/server/services.hpp"
#include "coordinator/web/listen.hpp"

#include <grp.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>

namespace kagent::coordinator {
namespace {

constexpr int most_message_bytes = 1 << 20;
constexpr int handshake_limit_ms = 10'000;
constexpr int idle_limit_ms = 60'000;  // without a call
// Bound on gRPC's buffers for incomplete messages and calls; a session takes a tenth of a megabyte.
// The coordinator's own memory does not count.
constexpr std::size_t most_buffered_bytes = 1U << 30U;
constexpr std::chrono::seconds shutdown_grace{1};
constexpr char admin_group[] = "kagent-admin";

std::shared_ptr<grpc::ServerCredentials> tls_credentials(const Authority& authority) {
  // Enroll needs no client certificate, but a certificate that is sent must be valid.
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = authority.client_roots_pem;
  options.pem_key_cert_pairs.push_back({authority.server_key_pem, authority.server_chain_pem});
  return grpc::SslServerCredentials(options);
}

Result<> open_to_group(const std::filesystem::path& socket) {
  // In its unit the program has that group already and is not allowed to chown(2).
  if (const ::group* group = ::getgrnam(admin_group);
      group != nullptr && group->gr_gid != ::getegid()) {
    if (::chown(socket.c_str(), static_cast<uid_t>(-1), group->gr_gid) != 0)
      log::warning("only root can use {}: its group cannot be set to {} (errno {})",
                   socket.string(), admin_group, errno);
  }
  if (::chmod(socket.c_str(), 0660) != 0) return errno_error(errno, "mode of " + socket.string());
  return {};
}

class GrpcServer final : public Server {
 public:
  GrpcServer(boost::asio::any_io_executor loop, Coordinator& coordinator)
      : loop_(loop),
        connections_(coordinator.connections()),
        agent_(make_agent_service(loop, coordinator)),
        admin_(make_admin_service(loop, coordinator)) {}

  ~GrpcServer() override {
    if (helper_.joinable()) helper_.join();
  }

  Result<> start(const ServerOptions& options, const Authority& authority) {
    auto acceptor = listen_at(loop_, options.listen);
    if (!acceptor)
      return acceptor.error().context("is another kagent-coordinator running? The gRPC port");
    int socket_port = 1;
    grpc::ServerBuilder builder;
    auto grpc = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
        tls_credentials(authority));
    if (!options.admin_socket.empty())
      builder.AddListeningPort("unix:" + options.admin_socket.string(),
                               grpc::InsecureServerCredentials(), &socket_port);
    builder.RegisterService(agent_.get());
    builder.RegisterService(admin_.get());
    builder.SetMaxReceiveMessageSize(most_message_bytes);
    grpc::ResourceQuota quota("kagent");
    quota.Resize(most_buffered_bytes);
    builder.SetResourceQuota(quota);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, handshake_limit_ms);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, idle_limit_ms);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 4);
    // From the first moment on the socket is closed to others; then it is opened to the group.
    const mode_t mask = ::umask(0177);
    server_ = builder.BuildAndStart();
    ::umask(mask);
    if (server_ == nullptr || socket_port == 0)
      return Error(Errc::io, "cannot listen on " + options.admin_socket.string() +
                                 ": is another kagent-coordinator running?");
    listener_.emplace(std::move(*acceptor), connections_, std::move(grpc));
    listener_->start();
    return options.admin_socket.empty() ? Result<>() : open_to_group(options.admin_socket);
  }

  [[nodiscard]] std::uint16_t port() const override { return listener_->port(); }

  void shutdown(std::function<void()> done) override {
    listener_->stop();
    // Shutdown waits for the reactors, which finish on the loop, so it must not block the loop.
    helper_ = std::thread([this, done = std::move(done)]() mutable {
      server_->Shutdown(std::chrono::system_clock::now() + shutdown_grace);
      boost::asio::post(loop_, std::move(done));
    });
  }

 private:
  boost::asio::any_io_executor loop_;
  Connections& connections_;
  std::unique_ptr<grpc::Service> agent_, admin_;
  std::unique_ptr<grpc::Server> server_;
  std::thread helper_;
  std::optional<Listener> listener_;
};

}  // namespace

Result<std::unique_ptr<Server>> start_server(boost::asio::any_io_executor loop,
                                             const ServerOptions& options,
                                             const Authority& authority, Coordinator& coordinator) {
  auto server = std::make_unique<GrpcServer>(loop, coordinator);
  if (auto started = server->start(options, authority); !started) return started.error();
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace kagent::coordinator
