#include "coordinator/web/answer.hpp"

#include "agent/base/version.hpp"
#include "coordinator/web/page.hpp"
#include "coordinator/web/site.hpp"

namespace kagent::coordinator {
namespace beast = boost::beast;
namespace http = beast::http;
namespace {

void put(HttpResponse& response, http::status status, std::string_view type, std::string body) {
  response.result(status);
  response.set(http::field::content_type, beast::string_view(type.data(), type.size()));
  response.body() = std::move(body);
}

}  // namespace

void bound(HttpParser& parser) {
  parser.header_limit(most_header_bytes);
  parser.body_limit(0);
}

HttpResponse answer(const HttpRequest& request, const SiteContent& content) {
  constexpr std::string_view text = "text/plain; charset=utf-8";
  HttpResponse response;
  response.version(request.version());
  response.keep_alive(request.keep_alive());
  response.set(http::field::server, std::string("kagent-coordinator/") + version);
  response.set(http::field::cache_control, "no-store");
  response.set("Content-Security-Policy",
               "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  const beast::string_view target = request.target();
  const auto path = target.substr(0, target.find('?'));
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    response.set(http::field::allow, "GET, HEAD");
    put(response, http::status::method_not_allowed, text, "only GET and HEAD\n");
  } else if (path == "/healthz") {
    put(response, http::status::ok, text, "ok\n");
  } else if (path == "/readyz") {
    if (content.ready())
      put(response, http::status::ok, text, "ok\n");
    else
      put(response, http::status::service_unavailable, text, "not ready\n");
  } else if (path == "/metrics") {
    put(response, http::status::ok, "text/plain; version=0.0.4; charset=utf-8", content.metrics());
  } else if (path == "/api/nodes.json") {
    put(response, http::status::ok, "application/json", content.nodes_json());
  } else if (path == "/") {
    put(response, http::status::ok, "text/html; charset=utf-8", std::string(page::html));
  } else if (path == "/style.css") {
    put(response, http::status::ok, "text/css; charset=utf-8", std::string(page::style));
  } else if (path == "/script.js") {
    put(response, http::status::ok, "text/javascript; charset=utf-8", std::string(page::script));
  } else {
    put(response, http::status::not_found, text, "there is no such page\n");
  }
  response.prepare_payload();
  if (request.method() == http::verb::head) response.body().clear();
  return response;
}

}  // namespace kagent::coordinator
