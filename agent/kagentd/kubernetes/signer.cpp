#include "agent/kagentd/kubernetes/signer.hpp"

#include "agent/common/base/backoff.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/base/pause.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <nlohmann/json.hpp>

#include <functional>
#include <random>
#include <string>
#include <utility>

namespace kagent::kubernetes {
namespace asio = boost::asio;

namespace {

// kagentd may watch only the object that the selector names (cluster_rights.cpp).
constexpr char account_watch[] =
    "/api/v1/namespaces/kube-system/serviceaccounts?watch=1&fieldSelector=metadata.name%3Ddefault";

// Runs until cancelled. Calls `begun` when the ServiceAccount exists.
asio::awaitable<void> watch_account(std::shared_ptr<Client> client, std::chrono::milliseconds limit,
                                    std::function<void()> begun) {
  Backoff backoff(BackoffPolicy{}, std::random_device{}());
  for (;;) {
    std::function<void(const std::string&)> line = [&](const std::string& event) {
      if (has_begun(event)) begun();
    };
    const auto outcome = co_await client->watch(account_watch, std::move(line), limit);
    if (!outcome) log::debug("the ServiceAccount default: {}", outcome.error().message());
    co_await pause(backoff.next());
  }
}

}  // namespace

bool has_begun(std::string_view event) {
  const auto document = nlohmann::json::parse(event, nullptr, false);
  if (!document.is_object()) return false;
  const auto type = document.find("type");
  return type != document.end() && (*type == "ADDED" || *type == "MODIFIED");
}

asio::awaitable<void> await_signer(std::shared_ptr<Client> client,
                                   std::chrono::milliseconds limit) {
  using namespace asio::experimental::awaitable_operators;
  bool works = false;
  asio::steady_timer over(co_await asio::this_coro::executor, limit);
  std::function<void()> begun = [&] {
    works = true;
    over.cancel();
  };
  boost::system::error_code ignored;
  co_await (watch_account(std::move(client), limit, std::move(begun)) ||
            over.async_wait(asio::redirect_error(asio::use_awaitable, ignored)));
  if (!works)
    log::warning("kube-controller-manager does not work yet: nodes join, and wait for it");
}

}  // namespace kagent::kubernetes
