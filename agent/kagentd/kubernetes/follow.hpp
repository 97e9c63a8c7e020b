#pragma once

#include "agent/kagentd/kubernetes/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace kagent::kubernetes {

// Objects of one kind, kept up to date with what the API says.
class Followed {
 public:
  virtual ~Followed() = default;
  // A list; what was known is replaced. Errors: protocol.
  virtual Result<> list(std::string_view json) = 0;
  // One watch event. Errors: failed_precondition when the list must be asked for again; protocol.
  virtual Result<> event(std::string_view json) = 0;
  [[nodiscard]] virtual const std::string& resource_version() const = 0;
};

// For as long as the io_context runs: list, watch, list again. `taken` is called after each list
// and event; `path` is that of the list, `what` names it in the log. `followed` must outlive it.
boost::asio::awaitable<void> follow(std::shared_ptr<Client> client, std::string path,
                                    std::string what, Followed& followed,
                                    std::function<void()> taken);

}  // namespace kagent::kubernetes
