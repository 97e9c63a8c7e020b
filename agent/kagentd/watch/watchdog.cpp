#include "agent/kagentd/watch/watchdog.hpp"

#include <systemd/sd-daemon.h>

#include <cstdint>

namespace kagent::kagentd {

Watchdog::Watchdog(boost::asio::io_context& io) : timer_(io) {
  std::uint64_t limit = 0;
  if (sd_watchdog_enabled(0, &limit) <= 0) return;
  every_ = std::chrono::microseconds(limit / 2);
  feed();
}

void Watchdog::feed() {
  sd_notify(0, "WATCHDOG=1");
  timer_.expires_after(every_);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) feed();
  });
}

}  // namespace kagent::kagentd
