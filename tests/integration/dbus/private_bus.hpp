#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace kagent::testing {

// A dbus-daemon of the test's own; ready when the constructor returns: the address it prints is the
// readiness event. Ends with the object.
class PrivateBus {
 public:
  // `policies`: more of its configuration; with any, other users may connect.
  explicit PrivateBus(const std::string& policies = "");
  ~PrivateBus();
  PrivateBus(const PrivateBus&) = delete;
  PrivateBus& operator=(const PrivateBus&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }
  void stop();  // the bus is lost to all who are on it

 private:
  std::filesystem::path folder_;
  std::string address_;
  pid_t pid_ = -1;
};

}  // namespace kagent::testing
