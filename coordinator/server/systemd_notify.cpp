#include "coordinator/server/systemd_notify.hpp"

#include <systemd/sd-daemon.h>

#include <cstdint>

namespace kagent::coordinator {

SystemdNotify::SystemdNotify(const boost::asio::any_io_executor& loop) : timer_(loop) {
  std::uint64_t limit = 0;
  if (sd_watchdog_enabled(0, &limit) > 0) every_ = std::chrono::microseconds(limit / 2);
}

void SystemdNotify::ready(const std::string& status) {
  sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
  feed();
}

void SystemdNotify::reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
  sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds)).c_str());
}

void SystemdNotify::stopping() {
  timer_.cancel();
  sd_notify(0, "STOPPING=1");
}

void SystemdNotify::feed() {
  if (every_.count() == 0) return;
  sd_notify(0, "WATCHDOG=1");
  timer_.expires_after(every_);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) feed();
  });
}

}  // namespace kagent::coordinator
