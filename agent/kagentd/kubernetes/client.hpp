#pragma once

#include "agent/common/base/error.hpp"
#include "agent/kagentd/kubernetes/kubeconfig.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace kagent::kubernetes {

struct Response {
  int status = 0;
  std::string body;

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
  // The message of a Kubernetes Status object, else the HTTP status.
  [[nodiscard]] Error error() const;
};

// Percent-encodes one part of a path or one value of a query (RFC 3986).
std::string path_part(std::string_view text);

// HTTPS to one API server with one client certificate. Requests are rare, so that each has its own
// connection. Errors: unavailable, deadline_exceeded, permission_denied (the server's certificate
// is not of this cluster), protocol.
class Client {
 public:
  Client(boost::asio::io_context& io, Access access);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `verb`: GET, POST, DELETE, or PATCH (RFC 7396). `target`: made of path_part(); invalid_argument
  // if it contains a space or a control character, which would end it. `body`: JSON or empty.
  boost::asio::awaitable<Result<Response>> request(
      std::string verb, std::string target, std::string body,
      std::chrono::milliseconds limit = std::chrono::seconds{10});

  // Calls `line` with each line of a streamed answer. Success when the server ends the answer;
  // deadline_exceeded when it sends nothing for `quiet`. A status other than 200 is an error.
  boost::asio::awaitable<Result<>> watch(std::string target,
                                         std::function<void(const std::string&)> line,
                                         std::chrono::milliseconds quiet);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace kagent::kubernetes
