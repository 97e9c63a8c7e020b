#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace kagent::testing {

// A dbus-daemon for one test. It is ready when the constructor returns: the address that it prints
// is the readiness event. It ends with the object.
class PrivateBus {
 public:
  // `policies` is added to the configuration. With policies, other users may connect.
  explicit PrivateBus(const std::string& policies = "");
  ~PrivateBus();
  PrivateBus(const PrivateBus&) = delete;
  PrivateBus& operator=(const PrivateBus&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }
  void stop();  // all connections then lose the bus

 private:
  std::filesystem::path folder_;
  std::string address_;
  pid_t pid_ = -1;
};

}  // namespace kagent::testing
