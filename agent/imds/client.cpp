#include "agent/imds/client.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <sstream>

namespace kagent::imds {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Request = http::request<http::empty_body>;

constexpr std::size_t longest_body = 128 << 10;  // user-data is at most 16 KB
constexpr auto token = asio::as_tuple(asio::use_awaitable);

std::string text(const tcp::endpoint& endpoint) {
  std::ostringstream out;
  out << endpoint;
  return out.str();
}

Error failure(boost::system::error_code error, const tcp::endpoint& service) {
  const std::string what = "the metadata service at " + text(service) + ": " + error.message();
  if (error == beast::error::timeout) return {Errc::deadline_exceeded, what};
  const bool cut_off = error == http::error::end_of_stream || error == http::error::partial_message;
  static const auto& http_errors = http::make_error_code(http::error::body_limit).category();
  if (error.category() == http_errors && !cut_off) return {Errc::protocol, what};
  return {Errc::unavailable, what};
}

Request make_request(http::verb verb, const std::string& path, const tcp::endpoint& service) {
  Request request(verb, path, 11);
  request.set(http::field::host, text(service));
  request.set(http::field::user_agent, "kagent-imds");
  request.set(http::field::connection, "close");
  return request;
}

asio::awaitable<Result<Reply>> exchange(tcp::endpoint service, Request request) {
  beast::tcp_stream stream(co_await asio::this_coro::executor);
  stream.expires_after(request_timeout);
  const auto [no_connection] = co_await stream.async_connect(service, token);
  if (no_connection) co_return failure(no_connection, service);
  const auto [not_sent, sent] = co_await http::async_write(stream, request, token);
  if (not_sent) co_return failure(not_sent, service);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(longest_body);
  const auto [not_read, read] = co_await http::async_read(stream, buffer, parser, token);
  if (not_read) co_return failure(not_read, service);
  Reply reply;
  reply.status = parser.get().result_int();
  reply.body = std::move(parser.get().body());
  co_return reply;
}

}  // namespace

Result<tcp::endpoint> parse_endpoint(const std::string& url) {
  const auto bad = [&] {
    return Error(Errc::invalid_argument, "\"" + url + "\" is not http://ADDRESS[:PORT]");
  };
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed || parsed->scheme() != "http" || parsed->host_address().empty()) return bad();
  boost::system::error_code error;
  const auto address = asio::ip::make_address(std::string(parsed->host_address()), error);
  if (error) return bad();
  return tcp::endpoint(address, parsed->has_port() ? parsed->port_number() : std::uint16_t{80});
}

asio::awaitable<Result<Reply>> put_token(tcp::endpoint service) {
  auto request = make_request(http::verb::put, "/latest/api/token", service);
  request.set("X-aws-ec2-metadata-token-ttl-seconds", std::to_string(token_lifetime.count()));
  request.content_length(0);
  return exchange(service, std::move(request));
}

asio::awaitable<Result<Reply>> get(tcp::endpoint service, std::string path,
                                   std::string token_value) {
  auto request = make_request(http::verb::get, path, service);
  request.set("X-aws-ec2-metadata-token", token_value);
  return exchange(service, std::move(request));
}

}  // namespace kagent::imds
