#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <string>

namespace kagent::coordinator {

// sd_notify(3). Does nothing outside systemd.
class SystemdNotify {
 public:
  explicit SystemdNotify(const boost::asio::any_io_executor& loop);

  // Sends READY=1. From now on the loop feeds the watchdog at half its interval, so systemd
  // restarts a process whose loop hangs.
  void ready(const std::string& status);
  void reloading();  // until the next ready()
  void stopping();

 private:
  void feed();

  boost::asio::steady_timer timer_;
  std::chrono::microseconds every_{0};
};

}  // namespace kagent::coordinator
