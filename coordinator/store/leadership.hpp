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

// Which of several coordinators is active: the one that made PREFIX/leader, while the etcd lease of
// that key lives. The lease decides how soon another takes over. The fence (etcd::Fence) keeps two
// coordinators from writing.
class Leadership {
 public:
  // All are called on the loop.
  struct Events {
    std::function<void(const std::string& holder)> standing_by;  // whenever the holder changes
    std::function<void(const etcd::Fence& fence)> won;           // once
    std::function<void(const Error& why)> lost;  // once, after `won`; there is no new attempt
  };

  static constexpr std::chrono::seconds usual_ttl{10};

  // `name`: shown by the other coordinators.
  Leadership(boost::asio::any_io_executor loop, std::shared_ptr<etcd::Client> client,
             const std::string& prefix, std::string name, Events events,
             std::chrono::seconds ttl = usual_ttl);
  Leadership(const Leadership&) = delete;
  Leadership& operator=(const Leadership&) = delete;

  void start();
  // Gives up the leadership, so that another takes over at once; no event follows. Blocks until
  // etcd answers, two seconds at most. `ended` is posted when no coroutine of this object runs any
  // more; until then the object must live and the loop must run.
  void resign(std::function<void()> ended);

 private:
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> stand_by();  // returns when won
  boost::asio::awaitable<void> stand();
  boost::asio::awaitable<void> keep();  // returns when lost

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
