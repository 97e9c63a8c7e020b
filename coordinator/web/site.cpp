#include "coordinator/web/site.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/base/tally.hpp"
#include "agent/common/base/version.hpp"
#include "coordinator/web/answer.hpp"
#include "coordinator/web/listen.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>

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
constexpr std::size_t most_of_one_address = 64;
constexpr std::chrono::milliseconds content_lifetime{500};

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

// Rendering runs on the loop that serves the nodes, so many clients share one rendering.
class Cached final : public SiteContent {
 public:
  Cached(const SiteContent& content, const Tally& turned_away)
      : content_(content), turned_away_(turned_away) {}

  [[nodiscard]] bool ready() const override { return content_.ready(); }
  [[nodiscard]] std::string metrics() const override {
    return metrics_.get([this] { return content_.metrics() + turned_away_metric(); });
  }
  [[nodiscard]] std::string nodes_json() const override {
    return nodes_.get([this] { return content_.nodes_json(); });
  }

 private:
  struct Body {
    template <class Render>
    const std::string& get(Render render) {
      const auto now = std::chrono::steady_clock::now();
      if (now < until) return text;
      text = render();
      until = std::chrono::steady_clock::now() + content_lifetime;
      return text;
    }
    std::string text;
    std::chrono::steady_clock::time_point until;
  };

  [[nodiscard]] std::string turned_away_metric() const {
    return "# HELP kagent_http_turned_away_total HTTP connections refused because of a limit.\n"
           "# TYPE kagent_http_turned_away_total counter\nkagent_http_turned_away_total " +
           std::to_string(turned_away_.total()) + "\n";
  }

  const SiteContent& content_;
  const Tally& turned_away_;
  mutable Body metrics_, nodes_;
};

class Connection;
// Shared with the connections, since a connection may outlive the site.
using OpenConnections = std::map<Connection*, asio::ip::address>;

// One connection, which serves its requests in turn.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const SiteContent& content, std::shared_ptr<OpenConnections> open)
      : stream_(std::move(socket)), content_(content), open_(std::move(open)) {
    boost::system::error_code ignored;
    open_->emplace(this, stream_.socket().remote_endpoint(ignored).address());
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
  HttpSite(tcp::acceptor acceptor, SiteContent& content)
      : acceptor_(std::move(acceptor)),
        pause_(acceptor_.get_executor()),
        content_(content, turned_away_) {
    accept();
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
    for (const auto& [connection, address] : *connections_) connection->close();
  }

 private:
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (stopped_) return;
      if (error) return retry_later(error);
      if (has_room(socket))
        std::make_shared<Connection>(std::move(socket), content_, connections_)->read();
      else if (const auto times = turned_away_.add(std::chrono::steady_clock::now()))
        log::warning("HTTP: too many connections: {} refused", *times);
      accept();
    });
  }

  [[nodiscard]] bool has_room(const tcp::socket& socket) const {
    boost::system::error_code ignored;
    const auto from = socket.remote_endpoint(ignored).address();
    const auto its =
        std::ranges::count_if(*connections_, [&](const auto& each) { return each.second == from; });
    return connections_->size() < most_connections &&
           static_cast<std::size_t>(its) < most_of_one_address;
  }

  // The process may be out of descriptors: an immediate retry would only burn the processor.
  void retry_later(boost::system::error_code why) {
    log::warning("HTTP: accepting connections: {}", why.message());
    pause_.expires_after(pause_after_error);
    pause_.async_wait([this](boost::system::error_code error) {
      if (!error && !stopped_) accept();
    });
  }

  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  Tally turned_away_;
  Cached content_;
  std::shared_ptr<OpenConnections> connections_ = std::make_shared<OpenConnections>();
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<Site>> start_site(asio::any_io_executor loop, const std::string& listen,
                                         SiteContent& content) {
  auto acceptor = listen_at(std::move(loop), listen);
  if (!acceptor) return acceptor.error();
  return std::unique_ptr<Site>(std::make_unique<HttpSite>(std::move(*acceptor), content));
}

}  // namespace kagent::coordinator
