#include "agent/kagentd/kubernetes/client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace kagent::kubernetes {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using Stream = beast::ssl_stream<beast::tcp_stream>;
using Request = http::request<http::string_body>;

namespace {

constexpr std::size_t largest_body = 64 << 20;

Error from(const error_code& code, const std::string& what) {
  if (code == beast::error::timeout) return {Errc::deadline_exceeded, what + ": no answer in time"};
  if (code.category() == asio::error::get_ssl_category())
    return {Errc::permission_denied, what + ": " + code.message()};
  return {Errc::unavailable, what + ": " + code.message()};
}

// Errors: invalid_argument (OpenSSL cannot read the certificates, or the key is of another one).
Result<ssl::context> make_context(const Access& access) try {
  ssl::context context(ssl::context::tls_client);
  context.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                      ssl::context::no_tlsv1_1);
  context.set_verify_mode(ssl::verify_peer);
  context.add_certificate_authority(asio::buffer(access.ca_pem));
  context.use_certificate_chain(asio::buffer(access.certificate_pem));
  context.use_private_key(asio::buffer(access.key_pem), ssl::context::pem);
  return context;
} catch (const boost::system::system_error& error) {
  return Error(Errc::invalid_argument,
               std::string("kubeconfig: its certificates: ") + error.what());
}

// Beast does not check the target: a line end in it would begin another request.
Result<> check_target(std::string_view target) {
  const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
  if (target.starts_with('/') && std::ranges::all_of(target, visible)) return {};
  return Error(Errc::invalid_argument, "Kubernetes API: the request's path is malformed");
}

// Puts together the lines of a body that arrives in pieces.
class Lines {
 public:
  explicit Lines(std::function<void(const std::string&)> line) : line_(std::move(line)) {}
  void add(const std::string& piece) {
    rest_ += piece;
    std::size_t from = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', from)) {
      if (end > from) line_(rest_.substr(from, end - from));
      from = end + 1;
    }
    rest_.erase(0, from);
  }

 private:
  std::function<void(const std::string&)> line_;
  std::string rest_;
};

}  // namespace

std::string path_part(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') ||
                            std::string_view("-._~").find(c) != std::string_view::npos;
    if (unreserved)
      encoded += c;
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

Error Response::error() const {
  const auto parsed = nlohmann::json::parse(body, nullptr, false);
  std::string message = "HTTP status " + std::to_string(status);
  if (parsed.is_object() && parsed.contains("message") && parsed["message"].is_string())
    message += ": " + parsed["message"].get<std::string>();
  const Errc code = status == 401   ? Errc::unauthenticated
                    : status == 403 ? Errc::permission_denied
                    : status == 404 ? Errc::not_found
                    : status == 409 ? Errc::already_exists
                    : status >= 500 ? Errc::unavailable
                                    : Errc::protocol;
  return {code, "Kubernetes API: " + message};
}

class Client::Impl {
 public:
  Impl(asio::io_context& io, Access access)
      : io_(io), access_(std::move(access)), context_(make_context(access_)) {}

  asio::awaitable<Result<std::shared_ptr<Stream>>> connect(std::chrono::milliseconds limit) {
    if (!context_) co_return context_.error();
    auto stream = std::make_shared<Stream>(io_, *context_);
    const std::string where = "API server " + access_.host + ":" + std::to_string(access_.port);
    stream->set_verify_callback(ssl::host_name_verification(access_.host));
    error_code code;
    asio::ip::make_address(access_.host, code);
    // Server name indication takes a name, never an address (RFC 6066).
    if (code) SSL_set_tlsext_host_name(stream->native_handle(), access_.host.c_str());
    tcp::resolver resolver(io_);
    const std::string port = std::to_string(access_.port);
    const auto found = co_await resolver.async_resolve(
        access_.host, port, asio::redirect_error(asio::use_awaitable, code));
    if (code) co_return from(code, where);
    beast::get_lowest_layer(*stream).expires_after(limit);
    co_await beast::get_lowest_layer(*stream).async_connect(
        found, asio::redirect_error(asio::use_awaitable, code));
    if (code) co_return from(code, where);
    co_await stream->async_handshake(ssl::stream_base::client,
                                     asio::redirect_error(asio::use_awaitable, code));
    if (code) co_return from(code, where);
    co_return stream;
  }

  [[nodiscard]] Request make_request(const std::string& verb, const std::string& target,
                                     std::string body) const {
    Request request(http::string_to_verb(verb), target, 11);
    const bool v6 = access_.host.find(':') != std::string::npos;
    request.set(http::field::host, v6 ? "[" + access_.host + "]" : access_.host);
    request.set(http::field::user_agent, "kagentd");
    request.set(http::field::accept, "application/json");
    request.set(http::field::connection, "close");
    if (!body.empty())
      request.set(http::field::content_type,
                  verb == "PATCH" ? "application/merge-patch+json" : "application/json");
    request.body() = std::move(body);
    request.prepare_payload();
    return request;
  }

 private:
  asio::io_context& io_;
  Access access_;
  Result<ssl::context> context_;
};

Client::Client(asio::io_context& io, Access access)
    : impl_(std::make_shared<Impl>(io, std::move(access))) {}
Client::~Client() = default;

asio::awaitable<Result<Response>> Client::request(std::string verb, std::string target,
                                                  std::string body,
                                                  std::chrono::milliseconds limit) {
  if (auto good = check_target(target); !good) co_return good.error();
  const auto impl = impl_;
  auto connected = co_await impl->connect(limit);
  if (!connected) co_return connected.error();
  Stream& stream = **connected;
  const Request request = impl->make_request(verb, target, std::move(body));
  error_code code;
  co_await http::async_write(stream, request, asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return from(code, "Kubernetes API");
  http::response_parser<http::string_body> parser;
  parser.body_limit(largest_body);
  beast::flat_buffer buffer;
  co_await http::async_read(stream, buffer, parser,
                            asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return from(code, "Kubernetes API");
  Response response;
  response.status =
      parser.get().result_int() == 0 ? 0 : static_cast<int>(parser.get().result_int());
  response.body = std::move(parser.get().body());
  co_return response;
}

asio::awaitable<Result<>> Client::watch(std::string target,
                                        std::function<void(const std::string&)> line,
                                        std::chrono::milliseconds quiet) {
  if (auto good = check_target(target); !good) co_return good.error();
  const auto impl = impl_;
  auto connected = co_await impl->connect(quiet);
  if (!connected) co_return connected.error();
  Stream& stream = **connected;
  const Request request = impl->make_request("GET", target, std::string());
  error_code code;
  co_await http::async_write(stream, request, asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return from(code, "Kubernetes API");
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  beast::flat_buffer buffer;
  co_await http::async_read_header(stream, buffer, parser,
                                   asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return from(code, "Kubernetes API");
  if (parser.get().result() != http::status::ok) {
    Response refused;
    refused.status = static_cast<int>(parser.get().result_int());
    parser.body_limit(largest_body);
    co_await http::async_read(stream, buffer, parser,
                              asio::redirect_error(asio::use_awaitable, code));
    refused.body = std::move(parser.get().body());  // possibly cut off
    co_return refused.error();
  }
  Lines lines(std::move(line));
  while (!parser.is_done()) {
    beast::get_lowest_layer(stream).expires_after(quiet);
    co_await http::async_read_some(stream, buffer, parser,
                                   asio::redirect_error(asio::use_awaitable, code));
    lines.add(std::exchange(parser.get().body(), std::string()));
    if (code == http::error::end_of_stream || code == ssl::error::stream_truncated) break;
    if (code) co_return from(code, "Kubernetes API");
  }
  co_return Result<>{};
}

}  // namespace kagent::kubernetes
