#include "coordinator/store/leadership.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/base/pause.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace kagent::coordinator {
namespace asio = boost::asio;
namespace pb = etcdserverpb;
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How often a standby checks whether there is an active coordinator. A check costs etcd no
// write; a watch could fail unnoticed and would need checks of its own.
constexpr milliseconds look_every{500};
constexpr milliseconds look_limit{2000};
constexpr milliseconds revoke_limit{2000};

}  // namespace

Leadership::Leadership(asio::any_io_executor loop, std::shared_ptr<etcd::Client> client,
                       const std::string& prefix, std::string name, Events events,
                       std::chrono::seconds ttl)
    : loop_(std::move(loop)),
      client_(std::move(client)),
      key_(prefix + "/leader"),
      name_(std::move(name)),
      events_(std::move(events)),
      ttl_(ttl) {}

void Leadership::start() {
  running_ = true;
  auto ended = [this](const std::exception_ptr& thrown) {
    running_ = false;
    if (thrown && !resigned_) std::rethrow_exception(thrown);
    if (ended_) std::exchange(ended_, nullptr)();
  };
  asio::co_spawn(loop_, run(), asio::bind_cancellation_slot(give_up_.slot(), std::move(ended)));
}

void Leadership::resign(std::function<void()> ended) {
  resigned_ = true;
  ended_ = std::move(ended);
  if (running_)
    give_up_.emit(asio::cancellation_type::terminal);
  else
    asio::post(loop_, std::exchange(ended_, nullptr));
  if (const auto lease = std::exchange(lease_, 0); lease != 0)
    if (const auto revoked = client_->revoke(lease, revoke_limit); !revoked)
      log::debug("the lease in etcd will expire by itself: {}", revoked.error().message());
}

asio::awaitable<void> Leadership::run() {
  co_await stand_by();
  co_await keep();
}

asio::awaitable<void> Leadership::stand_by() {
  std::string holder;
  bool silent = false;
  while (!resigned_) {
    const auto seen = co_await client_->async_range(etcd::get(key_), look_limit);
    if (!seen) {
      if (!std::exchange(silent, true))
        log::warning("standing by: {}; trying again", seen.error().message());
    } else if (seen->kvs().empty()) {
      silent = false;
      co_await stand();
      continue;
    } else {
      silent = false;
      const pb::KeyValue& leader = seen->kvs(0);
      if (lease_ != 0 && leader.lease() == lease_) {
        const etcd::Fence fence{key_, leader.create_revision()};
        events_.won(fence);
        co_return;
      }
      if (std::exchange(holder, leader.value()) != holder) events_.standing_by(holder);
    }
    co_await pause(look_every);
  }
}

// The next check sees whether this succeeded, even if the answer was lost.
asio::awaitable<void> Leadership::stand() {
  const auto asked = steady_clock::now();
  const auto lease = co_await client_->async_grant(ttl_, look_limit);
  if (!lease) {
    log::warning("{}", lease.error().message());
    co_await pause(look_every);
    co_return;
  }
  renewed_ = asked;
  lease_ = lease->id();
  pb::TxnRequest request;
  *request.add_compare() = etcd::created_at(key_, 0);
  pb::PutRequest& put = *request.add_success()->mutable_request_put();
  put.set_key(key_);
  put.set_value(name_);
  put.set_lease(lease_);
  (void)co_await client_->async_txn(std::move(request), look_limit);
}

asio::awaitable<void> Leadership::keep() {
  const milliseconds every = milliseconds(ttl_) / 3;
  milliseconds wait = every;
  while (!resigned_) {
    co_await pause(wait);
    const auto asked = steady_clock::now();
    const auto left = std::chrono::duration_cast<milliseconds>(renewed_ + ttl_ - asked);
    const auto kept =
        co_await client_->async_keep_alive(lease_, std::clamp(left, milliseconds(1), every));
    if (resigned_) co_return;
    wait = kept ? every : look_every;
    if (kept && kept->ttl() > 0)
      renewed_ = asked;
    else if (kept)
      co_return events_.lost(Error(Errc::unavailable, "the lease in etcd has ended"));
    else if (steady_clock::now() - renewed_ >= ttl_)
      co_return events_.lost(kept.error().context("the lease in etcd cannot be renewed"));
    else
      log::warning("the lease in etcd is not renewed yet: {}", kept.error().message());
  }
}

}  // namespace kagent::coordinator
