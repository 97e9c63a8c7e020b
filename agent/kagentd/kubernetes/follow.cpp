#include "agent/kagentd/kubernetes/follow.hpp"

#include "agent/common/base/backoff.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/base/pause.hpp"

#include <random>

namespace kagent::kubernetes {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// The server ends the watch after this time. A longer silence means that the server has gone.
constexpr auto watch_for = 300s;
constexpr auto quiet_limit = 330s;
// A watch that ends sooner counts as failed, so that a server that ends each watch at once is not
// asked in a busy loop.
constexpr auto healthy_after = 5s;
constexpr unsigned quiet_after = 10;

}  // namespace

asio::awaitable<void> follow(std::shared_ptr<Client> client, std::string path, std::string what,
                             Followed& followed, std::function<void()> taken) {
  Backoff backoff(BackoffPolicy{}, std::random_device{}());
  bool must_list = true;
  for (;;) {
    Result<> outcome;
    if (must_list) {
      auto listed = co_await client->request("GET", path, std::string());
      if (!listed)
        outcome = listed.error();
      else if (!listed->ok())
        outcome = listed->error();
      else
        outcome = followed.list(listed->body);
      if (outcome) taken();
    }
    if (outcome) {
      Result<> read;  // the first error: later events are ignored, and a new list is needed
      std::function<void(const std::string&)> line = [&](const std::string& text) {
        if (read) read = followed.event(text);
        if (read) taken();
      };
      const std::string target = path +
                                 "?watch=1&timeoutSeconds=" + std::to_string(watch_for.count()) +
                                 "&resourceVersion=" + path_part(followed.resource_version());
      const auto began = std::chrono::steady_clock::now();
      outcome = co_await client->watch(target, std::move(line), quiet_limit);
      if (!read) outcome = read;
      must_list = !outcome;
      const bool healthy = std::chrono::steady_clock::now() - began >= healthy_after;
      if (healthy) backoff.reset();
      if (outcome && healthy) continue;
      if (outcome) outcome = Error(Errc::unavailable, "the server ended the watch at once");
    }
    const auto delay = backoff.next();
    if (backoff.tries() <= quiet_after)
      log::warning("watching {}: {}; again in {} ms", what, outcome.error().message(),
                   delay.count());
    co_await pause(delay);
  }
}

}  // namespace kagent::kubernetes
