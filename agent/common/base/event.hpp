#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace kagent {

// A flag that coroutines can wait for. All calls come from one thread, the executor's. The event
// must outlive its waiters.
class Event {
 public:
  explicit Event(const boost::asio::any_io_executor& executor)
      : timer_(executor, boost::asio::steady_timer::time_point::max()) {}

  // Wakes every waiter. Setting it again does nothing.
  void set() {
    set_ = true;
    timer_.cancel();
  }
  // Waiters that set() has woken still return.
  void reset() { set_ = false; }
  [[nodiscard]] bool is_set() const { return set_; }

  // Returns at once if the event is set, and early when the awaiting coroutine is cancelled.
  // In the header, since clang cannot compile a coroutine for the fuzzers, which link the rest.
  boost::asio::awaitable<void> wait() {
    boost::system::error_code ignored;
    if (!set_)
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }

 private:
  boost::asio::steady_timer timer_;  // never expires: set() cancels it
  bool set_ = false;
};

}  // namespace kagent
