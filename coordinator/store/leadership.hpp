#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/store/etcd.hpp"
#include "coordinator/store/etcd_space.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace kagent::coordinator {

// Which of several coordinators is the active one: who made PREFIX/leader, for as long as a lease
// of etcd's stands on it. The lease decides how soon another takes over; that two never write is
// the fence's work (etcd::Fence).
class Leadership {
 public:
  // All on the loop.
  struct Events {
    std::function<void(const std::string& holder)> standing_by;  // each time the holder is another
    std::function<void(const etcd::Fence& fence)> won;           // once
    std::function<void(const Error& why)>
        lost;  // once, after it was won; it is not tried for again
  };

  static constexpr std::chrono::seconds usual_ttl{10};

  // `name`: what the others say of this one.
  Leadership(boost::asio::any_io_executor loop, std::shared_ptr<etcd::Client> client,
             const std::string& prefix, std::string name, Events events,
             std::chrono::seconds ttl = usual_ttl);
  Leadership(const Leadership&) = delete;
  Leadership& operator=(const Leadership&) = delete;

  void start();
  // Gives it up, so that another can have it at once; no event comes any more. Blocks for as long
  // as etcd takes to answer, two seconds at most. `ended` is posted when nothing of it runs any
  // more: until then it must live, and the loop run.
  void resign(std::function<void()> ended);

 private:
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> stand_by();  // until it is won
  boost::asio::awaitable<void> stand();
  boost::asio::awaitable<void> keep();  // until it is lost

  boost::asio::any_io_executor loop_;
  std::shared_ptr<etcd::Client> client_;
  std::string key_;
  std::string name_;
  Events events_;
  std::chrono::seconds ttl_;
  std::int64_t lease_ = 0;  // the last one granted; 0: none
  std::chrono::steady_clock::time_point renewed_;
  boost::asio::cancellation_signal give_up_;
  bool running_ = false;
  bool resigned_ = false;
  std::function<void()> ended_;
};

}  // namespace kagent::coordinator
