#include "coordinator/web/listen.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <charconv>

namespace kagent::coordinator {
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

Result<tcp::endpoint> parse_endpoint(const std::string& listen) {
  const Error wrong(Errc::invalid_argument,
                    "'" + listen + "' is not ADDRESS:PORT (0.0.0.0:7480, [::]:7480)");
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return wrong;
  std::string host = listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const char* end = listen.data() + listen.size();
  if (std::from_chars(listen.data() + colon + 1, end, port).ptr != end ||
      colon + 1 == listen.size())
    return wrong;
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) return wrong;
  return tcp::endpoint(address, port);
}

}  // namespace

Result<tcp::acceptor> listen_at(asio::any_io_executor loop, const std::string& listen) {
  auto endpoint = parse_endpoint(listen);
  if (!endpoint) return endpoint.error();
  tcp::acceptor acceptor(std::move(loop));
  boost::system::error_code error;
  acceptor.open(endpoint->protocol(), error);
  if (error == asio::error::address_family_not_supported && endpoint->address().is_unspecified()) {
    *endpoint = tcp::endpoint(tcp::v4(), endpoint->port());  // a kernel without IPv6
    acceptor.open(endpoint->protocol(), error);
  }
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint->address().is_v6()) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(*endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return Error(Errc::io, "listening on " + listen + ": " + error.message());
  return acceptor;
}

}  // namespace kagent::coordinator
