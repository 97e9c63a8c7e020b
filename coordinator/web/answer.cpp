#include "coordinator/web/answer.hpp"

#include "coordinator/web/page.hpp"
#include "coordinator/web/site.hpp"

namespace kagent::coordinator {

Answer answer(std::string_view method, std::string_view target, const SiteContent& content) {
  const std::string_view path = target.substr(0, target.find('?'));
  Answer answer;
  if (method != "GET" && method != "HEAD") {
    answer.status = 405;
    answer.body = "only GET and HEAD are allowed\n";
  } else if (path == "/healthz") {
    answer.body = "ok\n";
  } else if (path == "/readyz") {
    const bool ready = content.ready();
    if (!ready) answer.status = 503;
    answer.body = ready ? "ok\n" : "not ready\n";
  } else if (path == "/metrics") {
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    answer.body = content.metrics();
  } else if (path == "/api/nodes.json") {
    answer.content_type = "application/json";
    answer.body = content.nodes_json();
  } else if (path == "/") {
    answer.content_type = "text/html; charset=utf-8";
    answer.body = page::html;
  } else if (path == "/style.css") {
    answer.content_type = "text/css; charset=utf-8";
    answer.body = page::style;
  } else if (path == "/script.js") {
    answer.content_type = "text/javascript; charset=utf-8";
    answer.body = page::script;
  } else {
    answer.status = 404;
    answer.body = "no such page\n";
  }
  return answer;
}

}  // namespace kagent::coordinator
