#pragma once

#include "agent/kagentd/kubernetes/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace kagent::kubernetes {

// The objects of one kind, kept up to date by lists and watch events.
class Followed {
 public:
  virtual ~Followed() = default;
  // Replaces all objects. Errors: protocol.
  virtual Result<> list(std::string_view json) = 0;
  // One watch event. Errors: failed_precondition (a new list is needed), protocol.
  virtual Result<> event(std::string_view json) = 0;
  [[nodiscard]] virtual const std::string& resource_version() const = 0;
};

// Lists, watches and lists again, until cancelled. `taken` is called after each list and event.
// `path`: of the list. `what`: its name in the log. `followed` must outlive the call.
boost::asio::awaitable<void> follow(std::shared_ptr<Client> client, std::string path,
                                    std::string what, Followed& followed,
                                    std::function<void()> taken);

}  // namespace kagent::kubernetes
