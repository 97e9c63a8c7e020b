#include "coordinator/web/site.hpp"

#include "agent/base/log.hpp"
#include "agent/base/version.hpp"
#include "coordinator/web/answer.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <set>

namespace kagent::coordinator {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

constexpr std::chrono::seconds idle_limit{30};
constexpr std::chrono::seconds pause_after_error{1};
constexpr std::size_t most_header_bytes = 8192;
constexpr std::size_t most_connections = 256;

using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

Response respond(const Request& request, const SiteContent& content) {
  const auto view = [](beast::string_view text) {
    return std::string_view(text.data(), text.size());
  };
  Answer found = answer(view(request.method_string()), view(request.target()), content);
  Response response(http::int_to_status(found.status), request.version(), std::move(found.body));
  response.keep_alive(request.keep_alive());
  response.set(http::field::server, std::string("kagent-coordinator/") + version);
  response.set(http::field::content_type, std::string(found.content_type));
  response.set(http::field::cache_control, "no-store");
  response.set("Content-Security-Policy",
               "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  if (found.status == 405) response.set(http::field::allow, "GET, HEAD");
  response.prepare_payload();
  if (request.method() == http::verb::head) response.body().clear();
  return response;
}

class Connection;
// Shared with the connections, of which the last may outlive the site.
using OpenConnections = std::set<Connection*>;

// One connection; requests one after the other.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const SiteContent& content, std::shared_ptr<OpenConnections> open)
      : stream_(std::move(socket)), content_(content), open_(std::move(open)) {
    open_->insert(this);
  }
  ~Connection() { open_->erase(this); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void read();
  void close();

 private:
  void write();

  beast::tcp_stream stream_;
  const SiteContent& content_;
  std::shared_ptr<OpenConnections> open_;
  beast::flat_buffer buffer_{2 * most_header_bytes};
  std::optional<http::request_parser<http::empty_body>> parser_;
  Response response_;
};

void Connection::close() {
  boost::system::error_code ignored;
  stream_.socket().close(ignored);
}

void Connection::read() {
  parser_.emplace();
  parser_->header_limit(most_header_bytes);
  parser_->body_limit(0);
  stream_.expires_after(idle_limit);
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                     if (error) return self->close();
                     self->response_ = respond(self->parser_->get(), self->content_);
                     self->write();
                   });
}

void Connection::write() {
  stream_.expires_after(idle_limit);
  http::async_write(stream_, response_,
                    [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                      if (error || !self->response_.keep_alive()) return self->close();
                      self->read();
                    });
}

class HttpSite final : public Site {
 public:
  HttpSite(asio::any_io_executor loop, SiteContent& content)
      : acceptor_(loop), pause_(loop), content_(content) {}

  Result<> listen(tcp::endpoint endpoint) {
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (error == asio::error::address_family_not_supported && endpoint.address().is_unspecified()) {
      endpoint = tcp::endpoint(tcp::v4(), endpoint.port());  // a kernel without IPv6
      acceptor_.open(endpoint.protocol(), error);
    }
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return Error(Errc::io, error.message());
    accept();
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override {
    boost::system::error_code ignored;
    return acceptor_.local_endpoint(ignored).port();
  }

  void stop() override {
    stopped_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (Connection* connection : *connections_) connection->close();
  }

 private:
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (stopped_) return;
      if (error) return retry_later(error);
      if (connections_->size() < most_connections)
        std::make_shared<Connection>(std::move(socket), content_, connections_)->read();
      accept();
    });
  }

  // Out of descriptors, perhaps: trying again at once would only burn the processor.
  void retry_later(boost::system::error_code why) {
    log::warning("HTTP: accept: {}", why.message());
    pause_.expires_after(pause_after_error);
    pause_.async_wait([this](boost::system::error_code error) {
      if (!error && !stopped_) accept();
    });
  }

  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  SiteContent& content_;
  std::shared_ptr<OpenConnections> connections_ = std::make_shared<OpenConnections>();
  bool stopped_ = false;
};

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

Result<std::unique_ptr<Site>> start_site(asio::any_io_executor loop, const std::string& listen,
                                         SiteContent& content) {
  const auto endpoint = parse_endpoint(listen);
  if (!endpoint) return endpoint.error();
  auto site = std::make_unique<HttpSite>(std::move(loop), content);
  if (auto listening = site->listen(*endpoint); !listening)
    return listening.error().context("listening on " + listen);
  return std::unique_ptr<Site>(std::move(site));
}

}  // namespace kagent::coordinator
