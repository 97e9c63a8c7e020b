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

// One part of a path, or a value of a query: all but RFC 3986's unreserved characters as %XX.
std::string path_part(std::string_view text);

// HTTPS to one API server with one client certificate, a connection a request: kagent asks rarely.
// Errors: unavailable, deadline_exceeded, permission_denied (its certificate is not of this
// cluster), protocol.
class Client {
 public:
  Client(boost::asio::io_context& io, Access access);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `verb`: GET, POST, DELETE, or PATCH (RFC 7396). `target`: made of path_part(); invalid_argument
  // when it holds a space or a control character, which would end it. `body`: JSON or empty.
  boost::asio::awaitable<Result<Response>> request(
      std::string verb, std::string target, std::string body,
      std::chrono::milliseconds limit = std::chrono::seconds{10});

  // Each line of a streamed answer, until the server ends it (then no error) or says nothing for
  // `quiet`. A status other than 200 is an error.
  boost::asio::awaitable<Result<>> watch(std::string target,
                                         std::function<void(const std::string&)> line,
                                         std::chrono::milliseconds quiet);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace kagent::kubernetes
