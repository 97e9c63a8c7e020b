#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>

namespace kagent::kagentd {

// Sends systemd's watchdog its keep-alive (sd_watchdog_enabled(3)) from the loop, as a sign that
// the loop runs.
class Watchdog {
 public:
  explicit Watchdog(boost::asio::io_context& io);

 private:
  void feed();

  boost::asio::steady_timer timer_;
  std::chrono::microseconds every_{0};
};

}  // namespace kagent::kagentd
