#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <string>

namespace kagent::coordinator {

// sd_notify(3). Nothing happens outside systemd.
class SystemdNotify {
 public:
  explicit SystemdNotify(const boost::asio::any_io_executor& loop);

  // READY=1, and from now on the watchdog is fed by the loop at half its time: a loop that hangs is
  // restarted by systemd.
  void ready(const std::string& status);
  void reloading();  // until the next ready()
  void stopping();

 private:
  void feed();

  boost::asio::steady_timer timer_;
  std::chrono::microseconds every_{0};
};

}  // namespace kagent::coordinator
