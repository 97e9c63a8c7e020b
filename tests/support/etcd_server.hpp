#pragma once

#include "tests/support/service_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace kagent {

// An etcd of one member, of the test's own, on loopback; ready when the constructor returns: it
// says so as systemd would hear it.
class EtcdServer {
 public:
  // All empty: no TLS. Else clients must have a certificate of the same CA.
  struct Tls {
    std::filesystem::path ca, certificate, key;
  };
  EtcdServer() : EtcdServer(Tls()) {}
  explicit EtcdServer(Tls tls);

  static bool installed();

  // HOST:PORT, the same after another start; with TLS HOST is localhost.
  [[nodiscard]] std::string endpoint() const;
  // As --store takes it.
  [[nodiscard]] std::string url(const std::string& prefix) const;

  [[nodiscard]] std::filesystem::path data() const { return folder_ / "data"; }
  void kill() { process_.reset(); }  // as if the power went
  void start();                      // with the data that it had
  void pause() const;                // it answers no more, and its connections stay
  void resume() const;

 private:
  TemporaryFolder folder_;
  Tls tls_;
  std::uint16_t client_port_, peer_port_;
  std::optional<ServiceProcess> process_;
};

}  // namespace kagent
