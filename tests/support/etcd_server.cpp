#include "tests/support/etcd_server.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <utility>
#include <vector>

namespace kagent {
namespace {

constexpr char program[] = "/usr/bin/etcd";

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  const bool got = ::bind(socket, any, size) == 0 && ::getsockname(socket, any, &size) == 0;
  ::close(socket);
  if (!got) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

}  // namespace

bool EtcdServer::installed() {
  return ::access(program, X_OK) == 0;
}

EtcdServer::EtcdServer(Tls tls)
    : tls_(std::move(tls)), client_port_(free_port()), peer_port_(free_port()) {
  start();
}

std::string EtcdServer::endpoint() const {
  return (tls_.ca.empty() ? "127.0.0.1:" : "localhost:") + std::to_string(client_port_);
}

std::string EtcdServer::url(const std::string& prefix) const {
  return (tls_.ca.empty() ? "etcd+http://" : "etcd://") + endpoint() + "/" + prefix;
}

void EtcdServer::start() {
  const std::string client =
      (tls_.ca.empty() ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(client_port_);
  const std::string peer = "http://127.0.0.1:" + std::to_string(peer_port_);
  std::vector<std::string> words{program,
                                 "--data-dir=" + data().string(),
                                 "--listen-client-urls=" + client,
                                 "--advertise-client-urls=" + client,
                                 "--listen-peer-urls=" + peer,
                                 "--initial-advertise-peer-urls=" + peer,
                                 "--initial-cluster=default=" + peer};
  if (!tls_.ca.empty()) {
    words.emplace_back("--client-cert-auth");
    words.push_back("--trusted-ca-file=" + tls_.ca.string());
    words.push_back("--cert-file=" + tls_.certificate.string());
    words.push_back("--key-file=" + tls_.key.string());
  }
  process_.emplace(std::move(words));
  process_->wait_for("READY=1");
}

void EtcdServer::pause() const {
  process_->pause();
}

void EtcdServer::resume() const {
  process_->signal(SIGCONT);
}

}  // namespace kagent
