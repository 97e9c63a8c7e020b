#pragma once

#include "agent/common/base/error.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <string>

// The coordinator's HTTP server for load balancers, Prometheus and browsers.
namespace kagent::coordinator {

// What the site shows. The site calls metrics() and nodes_json() on the loop, each at most twice a
// second however many clients ask.
class SiteContent {
 public:
  virtual ~SiteContent() = default;
  [[nodiscard]] virtual bool ready() const = 0;
  [[nodiscard]] virtual std::string metrics() const = 0;     // Prometheus text format 0.0.4
  [[nodiscard]] virtual std::string nodes_json() const = 0;  // for the page's script
};

// GET and HEAD only: /healthz, /readyz, /metrics, /api/nodes.json and the page at /.
class Site {
 public:
  virtual ~Site() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  virtual void stop() = 0;  // closes everything; idempotent
};

// `listen`: ADDRESS:PORT with an IPv6 address in brackets. `content` must outlive the loop's run.
// Errors: invalid_argument (not an address), io (cannot listen).
Result<std::unique_ptr<Site>> start_site(boost::asio::any_io_executor loop,
                                         const std::string& listen, SiteContent& content);

}  // namespace kagent::coordinator
