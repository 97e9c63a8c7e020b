#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kagent::coordinator {

// TLS by OpenSSL alone, for what gRPC would never do.
class TlsPeer {
 public:
  // Connects from `from` (an address of this machine) to 127.0.0.1; speaks `newest`
  // (TLS1_2_VERSION, TLS1_3_VERSION) at most.
  TlsPeer(std::uint16_t port, int newest, const std::string& from = "127.0.0.1");
  ~TlsPeer();
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  // The handshake went through, and the other side has not taken it back at once.
  [[nodiscard]] bool connected() const { return connected_; }
  void write(std::string_view bytes);
  // Reads until the other side ends it; false: it did not within that time.
  bool ends_within(int milliseconds);
  // HTTP/2's beginning, and the headers of a call of Enroll whose body does not come.
  void begin_enroll();
  // Another one, with `bytes` of a message of a megabyte.
  void begin_large_enroll(std::uint32_t stream, std::size_t bytes);

 private:
  void headers(std::uint32_t stream);

  int socket_ = -1;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> session_;
  bool connected_ = false;
};

}  // namespace kagent::coordinator
